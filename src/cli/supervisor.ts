import { setTimeout as delay } from 'node:timers/promises';
import { BatonError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import type { Ready } from '../runtime/ready.ts';
import { type Child, startChild } from './child.ts';
import { openRestartBudget, type RestartBudget } from './restart-budget.ts';

/** As long as a child waits for a Redis that is just starting, and its own start on a busy machine. */
const READY_MS = 30_000;
/** A child that drains has this much longer than its own drain. */
const MARGIN_MS = 5_000;
/** However long the others took. */
const LEAST_MS = 1_000;

export type ChildSpec = Readonly<{
  name: string;
  /** `before` is what it said when it was first ready: one that listens on a free port must come back on the same. */
  args: (before: Ready | undefined) => readonly string[];
  env: NodeJS.ProcessEnv;
  /** Children are stopped phase by phase, the lowest first, those of one phase together. */
  stopPhase: number;
}>;

export type SupervisorOptions = Readonly<{
  /** The script of all children. */
  entry: string;
  /** Told what happens to children, in sentences. */
  say: (line: string) => void;
  readyMs?: number;
  /** Milliseconds for all children to stop in; then they are killed. */
  stopMs?: number;
  /** One for each child. */
  openBudget?: () => RestartBudget;
}>;

export type Supervisor = {
  /** Starts a child and waits until it is ready; from then on it is started again when it dies. Throws when it does not get ready. */
  start(spec: ChildSpec): Promise<Ready>;
  /** The process number a child has now; undefined for an unknown name. */
  pidOf(name: string): number | undefined;
  /** Aborts, with a BatonError as its reason, when a child dies too often. */
  readonly failed: AbortSignal;
  /** Kills all children at once. */
  kill(): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

type Member = { readonly spec: ChildSpec; readonly budget: RestartBudget; child: Child; first: Ready | undefined };

/** Keeps child processes alive. Whoever opens it closes it. */
export function openSupervisor(options: SupervisorOptions): Supervisor {
  const { entry, say, readyMs = READY_MS, stopMs = defaults.drainMs + MARGIN_MS } = options;
  const openBudget = options.openBudget ?? openRestartBudget;
  const members: Member[] = [];
  const stopping = new AbortController();
  const failed = new AbortController();

  const launch = ({ name, args, env }: ChildSpec, before: Ready | undefined): Child =>
    startChild({ name, entry, args: args(before), env, readyMs });

  async function start(spec: ChildSpec): Promise<Ready> {
    stopping.signal.throwIfAborted();
    const member: Member = { spec, budget: openBudget(), child: launch(spec, undefined), first: undefined };
    members.push(member);
    member.first = await member.child.ready;
    void watch(member);
    return member.first;
  }

  /** Runs until the supervisor stops: a child's life after the other. */
  async function watch(member: Member): Promise<void> {
    const { name } = member.spec;
    for (;;) {
      const status = await member.child.exited;
      if (stopping.signal.aborted) return;
      const waitMs = member.budget.spend(Date.now());
      if (waitMs === null) return giveUp(name, status);
      say(
        `the ${name} process (${member.child.pid}) ended unexpectedly (${status}); starting it again in ${waitMs} ms`,
      );
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await restart(member);
    }
  }

  async function restart(member: Member): Promise<void> {
    const { name } = member.spec;
    member.child = launch(member.spec, member.first);
    // One that does not get ready ends, and its end is handled like any other.
    const ready = await member.child.ready.catch(() => undefined);
    if (ready !== undefined) say(`the ${name} process is back (${member.child.pid})`);
  }

  function giveUp(name: string, status: string): void {
    const text = `The ${name} process died again and again within a minute (last: ${status}): stopping everything.`;
    failed.abort(new BatonError('internal', text));
  }

  async function stopAll(): Promise<void> {
    stopping.abort(new BatonError('draining'));
    const deadline = Date.now() + stopMs;
    const phases = [...new Set(members.map(({ spec }) => spec.stopPhase))].toSorted((a, b) => a - b);
    for (const phase of phases) {
      const group = members.filter(({ spec }) => spec.stopPhase === phase);
      const timeoutMs = Math.max(LEAST_MS, deadline - Date.now());
      await Promise.all(group.map(({ child }) => child.stop(timeoutMs)));
    }
  }

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= stopAll();
    return closing;
  };
  return {
    start,
    pidOf: (name) => members.find(({ spec }) => spec.name === name)?.child.pid,
    failed: failed.signal,
    kill: () => {
      for (const { child } of members) child.kill();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

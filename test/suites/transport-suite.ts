import { describe, expect, test } from 'vitest';
import type { AgentCall, AgentEvent, CallLimits } from '../../src/agents/call.ts';
import type { Commands } from '../../src/agents/commands/commands.ts';
import { invokeAgent } from '../../src/agents/invoke.ts';
import { type LocalAgents, openLocalAgents } from '../../src/agents/local-agents.ts';
import type { ModelServer } from '../../src/agents/transports/transport.ts';
import type { AgentDescriptor } from '../../src/contracts/agent.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { openLocalHttp } from '../support/http.ts';

/** How the agent of a case behaves: says the texts and is done, fails with a text, or says one thing and then nothing for ever. */
export type Behaviour =
  | Readonly<{ kind: 'answers'; texts: readonly string[] }>
  | Readonly<{ kind: 'fails'; text: string }>
  | Readonly<{ kind: 'hangs'; texts: readonly string[] }>;

/** An agent that behaves so. `reached` settles when it was called, `left` when it learned that its caller has gone. */
export type OpenedAgent = Readonly<{
  agent: AgentDescriptor;
  local?: LocalAgents;
  modelServer?: ModelServer;
  commands?: Commands;
  reached: Promise<void>;
  left: Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

/** What a transport brings to the suite. */
export type TransportHarness = Readonly<{
  name: string;
  /** The kind of event its texts arrive as; a transport of single answers joins its texts by nothing. */
  says: 'token' | 'message';
  open(behaviour: Behaviour): Promise<OpenedAgent>;
  /** False for an answer that is in the descriptor: nobody is called who could fail or hang. */
  calls: boolean;
  /** True for a transport that says one text in one piece, so that a hanging agent has said nothing. */
  single: boolean;
  /** ms of a limit that a hanging agent runs into: 60 unless reaching it takes longer. */
  patienceMs?: number;
  /** What its failure says when the agent's own words are not to be shown. */
  failure?: RegExp;
}>;

export const testCall: AgentCall = {
  runId: 'r0123456789012345678901',
  taskId: 't1',
  attempt: 2,
  payload: { task_id: 't1', description: 'Say it.', context: {}, failed_context: {}, query: 'it' },
  idempotencyKey: 'r0123456789012345678901.t1',
};

export type Asked = Readonly<{
  agent: AgentDescriptor;
  local?: LocalAgents;
  modelServer?: ModelServer;
  commands?: Commands;
  limits?: Partial<CallLimits>;
  signal?: AbortSignal;
}>;

/** Iterates one call by hand; closes its connections with it. */
export function openTestCall({ agent, local, modelServer, commands, limits = {}, signal }: Asked) {
  const http = openLocalHttp();
  const events = invokeAgent({
    agent,
    call: testCall,
    signal: signal ?? new AbortController().signal,
    http,
    local: local ?? openLocalAgents([]),
    modelServer,
    commands,
    limits,
  })[Symbol.asyncIterator]();
  return {
    next: () => events.next(),
    return: () => events.return?.(),
    [Symbol.asyncDispose]: () => http.close(),
  };
}

/** All events of one call, and the error that ended it. */
export async function gather(asked: Asked): Promise<{ events: AgentEvent[]; error: BatonError | null }> {
  await using call = openTestCall(asked);
  const events: AgentEvent[] = [];
  try {
    for (let step = await call.next(); !step.done; step = await call.next()) events.push(step.value);
    return { events, error: null };
  } catch (thrown) {
    if (thrown instanceof BatonError) return { events, error: thrown };
    throw new Error('expected a BatonError', { cause: thrown });
  }
}

export const done: AgentEvent = { type: 'done', confidence: null, usage: null, truncated: false };

/** What holds for every transport, whatever is below it. */
export function transportSuite(harness: TransportHarness): void {
  describe(`the transport ${harness.name}`, () => {
    test('gives the texts in order and ends with exactly one done', async () => {
      await using opened = await harness.open({ kind: 'answers', texts: ['one ', ' two\n', 'döner 🥙'] });
      const { events, error } = await gather(opened);
      expect(error).toBeNull();
      const texts = events.flatMap((event) => (event.type === harness.says ? [event.text] : []));
      expect(texts.join('')).toBe('one  two\ndöner 🥙');
      expect(texts).toHaveLength(harness.single ? 1 : 3);
      expect(events.filter((event) => event.type === 'done')).toEqual([events.at(-1)]);
    });

    test('does not call anybody when the caller has stopped before', async () => {
      await using opened = await harness.open({ kind: 'answers', texts: ['no'] });
      const { events, error } = await gather({ ...opened, signal: AbortSignal.abort(new BatonError('lock_lost')) });
      expect(events).toEqual([]);
      expect(error?.code).toBe('lock_lost');
    });

    if (harness.calls) callCases(harness);
  });
}

function callCases(harness: TransportHarness): void {
  const { patienceMs = 60 } = harness;

  test("ends with agent_failed and the agent's own words when the agent fails", async () => {
    await using opened = await harness.open({ kind: 'fails', text: 'the oven is cold' });
    const { events, error } = await gather(opened);
    expect(error).toMatchObject({ code: 'agent_failed', retryable: true });
    expect(error?.message).toMatch(harness.failure ?? /^The agent "probe" (reported|answered 500): the oven is cold$/);
    expect(events.filter((event) => event.type === 'done')).toEqual([]);
  });

  test('ends with agent_timeout and tells the agent when nothing more comes', async () => {
    await using opened = await harness.open({ kind: 'hangs', texts: ['first '] });
    const { events, error } = await gather({ ...opened, limits: { firstByteMs: 5_000, idleMs: patienceMs } });
    expect(error).toMatchObject({ code: 'agent_timeout', retryable: true });
    expect(error?.message).toContain(`sent nothing for ${patienceMs / 1_000} s`);
    expect(events).toEqual(harness.single ? [] : [{ type: harness.says, text: 'first ' }]);
    await opened.left;
  });

  test('ends with agent_timeout and tells the agent when the total limit has passed', async () => {
    await using opened = await harness.open({ kind: 'hangs', texts: ['first '] });
    const { error } = await gather({ ...opened, limits: { totalMs: patienceMs } });
    expect(error).toMatchObject({ code: 'agent_timeout' });
    expect(error?.message).toContain(`its limit of ${patienceMs / 1_000} s`);
    await opened.left;
  });

  test("ends at once with the caller's reason, and tells the agent, when the caller stops", async () => {
    await using opened = await harness.open({ kind: 'hangs', texts: ['first '] });
    const caller = new AbortController();
    const gathered = gather({ ...opened, signal: caller.signal });
    await opened.reached;
    caller.abort(new BatonError('lock_lost'));
    expect((await gathered).error?.code).toBe('lock_lost');
    await opened.left;
  });

  test('ends as cancelled when the caller gives a reason of another kind', async () => {
    await using opened = await harness.open({ kind: 'hangs', texts: [] });
    const caller = new AbortController();
    const gathered = gather({ ...opened, signal: caller.signal });
    await opened.reached;
    caller.abort();
    expect((await gathered).error?.code).toBe('cancelled');
  });

  test('tells the agent when the reader leaves while it waits for the next event', async () => {
    await using opened = await harness.open({ kind: 'hangs', texts: [] });
    await using call = openTestCall(opened);
    const pending = call.next().catch((error: unknown) => error);
    await opened.reached;
    await call.return();
    await opened.left;
    expect(await pending).toMatchObject({ code: 'cancelled' });
  });

  if (harness.single) return;
  test('tells the agent when the reader leaves between two events', async () => {
    await using opened = await harness.open({ kind: 'hangs', texts: ['first '] });
    await using call = openTestCall(opened);
    expect(await call.next()).toEqual({ done: false, value: { type: harness.says, text: 'first ' } });
    await call.return();
    await opened.left;
    expect(await call.next()).toEqual({ done: true, value: undefined });
  });
}

import { setTimeout as pause } from 'node:timers/promises';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import { openPatience, type Patience } from './patience.ts';
import type { Permit, Permits, Refusal } from './permit.ts';
import { type RankedTask, type Ranking, rankAgents } from './rank.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import type { Registry } from './registry.ts';
import { unlessAborted } from './unless-aborted.ts';

/** How often a task that has no agent looks again. */
const LOOK_AGAIN_MS = 250;
/** Agents that were full when somebody looked, which one task asks whether they still are: each costs a round trip. */
const FULL_ASKED = 3;
/** How long it takes until every process sees that a breaker is no longer open: the age of a snapshot. */
const SEEN_MS = 1_000;
/** Rankings of which every agent is asked for a slot in vain, before a task gives up for now. */
const ROUNDS = 5;

export type ChooserOptions = {
  readonly registry: Pick<Registry, 'byCapability' | 'revive'>;
  readonly permits: Permits;
  readonly canCall: (agent: AgentDescriptor) => boolean;
  /** Asks an agent's health endpoint; true when it serves. Agents that cannot send heartbeats are found so. */
  readonly probe: (agent: AgentDescriptor) => Promise<boolean>;
  /** How long a task waits for a healthy agent, in milliseconds. */
  readonly waitMs: number;
};

export type Need = {
  readonly task: RankedTask;
  readonly failed: readonly string[];
};

/** A need for a call: `holder` is unique to it. */
export type CallNeed = Need & { readonly holder: string };

/** A ranking, and the agent of it that may be called now with leave to do so; undefined when there is none. */
export type Choice = Ranking & {
  readonly taken: { readonly agent: AgentDescriptor; readonly permit: Permit } | undefined;
};

/** Finds the best agent for a task. */
export type Chooser = {
  /** From what is known, without a round trip for most tasks. */
  now(need: Need): Promise<Ranking>;
  /** The same, and leave to call: a round trip only for agents with a limit, and for one whose breaker is half open. */
  take(need: CallNeed): Promise<Choice>;
  /**
   * The same, waiting for an agent that turns up in time: so long for one that is not healthy, for one whose breaker is open until it has
   * been tried as well, for a slot until the signal aborts. Throws the signal's reason when that aborts.
   */
  wait(need: CallNeed, signal: AbortSignal): Promise<Choice>;
  /** Milliseconds after which a task that found all slots taken looks again. `random`: 0 to 1. */
  readonly slotWaitMs: Patience['waitMs'];
};

type Answers = Map<string, Refusal | 'granted'>;

/** Opens a chooser; it keeps nothing but whose turn it is, by capability, and who waits for a slot. */
export function openChooser({ registry, permits, canCall, probe, waitMs }: ChooserOptions): Chooser {
  const turns = new Map<string, number>();
  const patience = openPatience();

  function nextTurn({ task }: Need): number {
    const turn = turns.get(task.required_capability) ?? 0;
    turns.set(task.required_capability, turn + 1);
    return turn;
  }

  async function rank(need: Need, turn: number, asked?: Answers): Promise<Ranking> {
    const agents = await registry.byCapability(need.task.required_capability);
    return rankAgents({
      ...need,
      turn,
      agents,
      canCall,
      live: permits.live(),
      ...(asked === undefined ? {} : { asked }),
    });
  }

  async function take(need: CallNeed): Promise<Choice> {
    const turn = nextTurn(need);
    const asked: Answers = new Map();
    for (let round = 0; round < ROUNDS; round += 1) {
      const ranking = await rank(need, turn, asked);
      // Those that were full when somebody looked, a second ago perhaps, are asked last.
      const toAsk = [...ranking.free, ...ranking.full.slice(0, FULL_ASKED)].filter(
        ({ agent }) => !asked.has(agent.agent_id),
      );
      const taken = await takeFirst(toAsk, need.holder, asked);
      const isFirst = asked.size === 0 || (asked.size === 1 && taken?.agent === ranking.eligible[0]);
      if (isFirst) return { ...ranking, taken };
      if (taken !== undefined || ranking.free.length < limits.candidates)
        return { ...(await rank(need, turn, asked)), taken };
    }
    return { ...(await rank(need, turn, asked)), taken: undefined };
  }

  /** Asks one after the other for leave, and notes what they answer. */
  async function takeFirst(
    agents: readonly RegisteredAgent[],
    holder: string,
    asked: Answers,
  ): Promise<Choice['taken']> {
    for (const registered of agents) {
      const { agent } = registered;
      const permit = await permits.take(registered, holder);
      asked.set(agent.agent_id, typeof permit === 'string' ? permit : 'granted');
      if (typeof permit !== 'string') return { agent, permit };
    }
    return undefined;
  }

  async function wait(need: CallNeed, signal: AbortSignal): Promise<Choice> {
    const beganAt = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const choice = await take(need);
      const patienceMs = waitMs + (choice.hasBroken ? permits.breakerOpenMs + SEEN_MS : 0);
      const isHopeful = choice.full.length > 0 || choice.hasTried;
      const isOver = !isHopeful && performance.now() - beganAt >= patienceMs;
      if (choice.taken !== undefined || isOver) return choice;
      const revived = await unlessAborted(Promise.all(choice.silent.map(probeSilent)), signal);
      if (revived?.includes(true) !== true) await unlessAborted(pause(LOOK_AGAIN_MS), signal);
    }
  }

  /** True when an agent that had fallen silent answers its health endpoint: it serves, so it is healthy. */
  async function probeSilent(agent: AgentDescriptor): Promise<boolean> {
    return (await probe(agent)) && (await registry.revive(agent.agent_id));
  }

  return { now: (need) => rank(need, nextTurn(need)), take, wait, slotWaitMs: patience.waitMs };
}

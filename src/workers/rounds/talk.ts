import { Capability } from '../../contracts/agent.ts';
import { BatonError, type ErrorCode } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import type { TalkEnding } from '../../contracts/talk.ts';
import type { Said } from '../../journal/record-round.ts';
import { childIn } from '../../plan/child-task.ts';
import { type NextTalk, nextTalk } from '../../plan/talk.ts';
import { closingSketch, type Seat, turnSketch } from '../../plan/talk-tasks.ts';
import { findAgent } from '../../registry/find-agent.ts';
import type { Pattern, Spawn, Standing, Step } from './pattern.ts';
import { tellTurn } from './talk-messages.ts';
import { loadTalk, type Talk } from './talk-state.ts';

/**
 * Agents that talk (the seed's decentralised pattern): one speaks at a time, each turn is a task of its own that hears all that was said,
 * until one says that it is done, or the talk ends for a named reason: turns, a loop, a speaker that fails again, budget, time. The
 * result is the last message, or one text made from all.
 */
export const talk: Pattern = async (standing) => {
  const state = await loadTalk(standing);
  if (state.closing !== undefined) return closed(state, state.closing);
  const next = nextTalk(state.spec, state.turns, leftMs(standing) ?? Number.POSITIVE_INFINITY);
  await tellTurn(standing, state, next.kind === 'turn' ? next.speaker : undefined);
  return next.kind === 'turn' ? ask(standing, state, next.speaker) : end(standing, state, next);
};

/** What is left of the task's time; undefined when it has no bound of its own. */
function leftMs({ work, claim }: Standing): number | undefined {
  const { timeout_ms } = work.data.task;
  return timeout_ms === undefined ? undefined : timeout_ms - claim.elapsedMs;
}

async function ask(standing: Standing, state: Talk, speaker: string): Promise<Spawn> {
  const { work, entry } = standing;
  const { task } = work.data;
  const said = state.said.map(({ task: id, speaker: by }) => ({ task: id, speaker: by }));
  const place = {
    ...{ spec: state.spec, turns: state.turns.length, said },
    inputs: entry.inputs,
    leftMs: leftMs(standing),
  };
  const sketch = turnSketch(task, await loadSeat(standing, state, speaker), place);
  const child = childIn({ task, job: work.job }, state.place, sketch);
  return { kind: 'spawn', children: [child], note: { phase: 'turn', speaker } };
}

/** An agent is asked by a capability that it has; a capability is nobody who takes part otherwise. */
async function loadSeat({ work }: Standing, { spec, said }: Talk, speaker: string): Promise<Seat> {
  const capability = Capability.safeParse(speaker).data;
  const taken = said.filter((turn) => turn.speaker !== speaker).map(({ agent }) => agent);
  if (capability !== undefined) {
    const named = spec.agents.filter((name) => !Capability.safeParse(name).success);
    return { speaker, capability, agent: undefined, others: [...new Set([...named, ...taken])] };
  }
  const { required_capability: wanted } = work.data.task;
  const found = await findAgent(work.tools.flow.store, speaker, () => undefined); // who cannot be read fails its turn
  const able = found?.agent.capabilities ?? [];
  return { speaker, capability: able.includes(wanted) ? wanted : (able[0] ?? wanted), agent: speaker, others: [] };
}

type End = Extract<NextTalk, { kind: 'end' }>;

function end({ work }: Standing, state: Talk, { ending, reason }: End): Step {
  const { task } = work.data;
  const says: readonly Said[] = [
    {
      name: 'talk.ended',
      data: reason.slice(0, limits.errorChars),
      detail: { ending, reason, turns: state.turns.length },
    },
  ];
  if (state.said.length === 0) return { kind: 'fail', reason: new BatonError(codes[ending], reason), says };
  if (state.spec.result === 'last' || ending === 'budget' || ending === 'time')
    return { ...lastOf(state, { ending, reason }), says };
  const child = childIn({ task, job: work.job }, state.place, closingSketch(task, state.said, state.spec));
  return { kind: 'spawn', children: [child], note: { phase: 'synthesis', ending, reason }, says };
}

/** What a talk fails with that ended before anybody said a word. */
const codes: Readonly<Record<TalkEnding, ErrorCode>> = {
  done: 'talk_failed',
  turn_limit: 'talk_failed',
  loop_detected: 'loop_detected',
  speaker_failed: 'talk_failed',
  budget: 'budget_exhausted',
  time: 'task_timeout',
};

type Ended = Pick<End, 'ending' | 'reason'>;

/** The last message that has words; why the talk ended is a warning unless it was meant to. */
function lastOf({ said }: Talk, { ending, reason }: Ended) {
  const response = said.findLast(({ message }) => message.trim() !== '')?.message ?? '';
  return complete(response, ending === 'done' ? undefined : `${ending}: ${reason}`);
}

function closed(state: Talk, { note, result }: NonNullable<Talk['closing']>): Step {
  if (result?.status !== 'completed') {
    const why = result?.error?.message ?? 'it has no result';
    return lastOf(state, {
      ending: note.ending,
      reason: note.ending === 'done' ? note.reason : `${note.reason} Nobody summed it up: ${why}`,
    });
  }
  return complete(result.response, note.ending === 'done' ? undefined : `${note.ending}: ${note.reason}`);
}

function complete(response: string, warning: string | undefined) {
  const delivery = { response, confidence: null, usage: null, truncated: false };
  const warned = warning === undefined ? {} : { warning: warning.slice(0, limits.errorChars) };
  return { kind: 'complete', delivery: { ...delivery, ...warned } } as const;
}

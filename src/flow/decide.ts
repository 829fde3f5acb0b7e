import type { RunStatus } from '../contracts/run.ts';
import type { Ask, Resolution } from '../journal/load-asks.ts';
import { runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { nameOf, speakerOf } from './ask.ts';
import { loadFlowScript } from './flow-script.ts';
import { parkingOf } from './pause.ts';

const script = loadFlowScript('decide', ['release', 'park']);

export type DecisionOutcome = 'decided' | 'already_decided' | 'run_ended' | 'interrupt_not_found';

/** Decides a question (guarantees I20): the first decision counts, and the job that asked goes on. */
export async function recordDecision(
  { redis, keys }: Store,
  ask: Ask,
  resolution: Resolution,
): Promise<DecisionOutcome> {
  const { run, events, asks, parked } = keys.run(ask.run_id);
  const { state, reason, expired } = resolution;
  const detail = JSON.stringify({ interrupt_id: ask.id, state, reason, expired });
  const after: RunStatus = ask.subject === 'plan' ? 'planning' : 'running';
  const said = `${expired ? 'Nobody decided in time: ' : ''}${state}${reason === '' ? '' : `: ${reason}`}`;
  const reply = await runScript(redis, script, {
    keys: [run, events, asks, parked, keys.interrupts],
    args: [
      ...[nameOf(ask), JSON.stringify(resolution), ask.id],
      ...[parkingOf(keys, ask.job, 'ask').mark, Date.now(), after, ...speakerOf(ask), said, detail.slice(0, -1)],
    ],
  });
  return reply as DecisionOutcome; // the script returns nothing else
}

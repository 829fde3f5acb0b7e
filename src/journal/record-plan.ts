import type { EventDraft } from '../contracts/event.ts';
import { Plan } from '../contracts/plan.ts';
import type { Usage } from '../contracts/result.ts';
import type { ModeDecision } from '../contracts/run-options.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./record-plan.lua', import.meta.url));

export type PlanRecord = {
  readonly run: string;
  readonly plan: Plan;
  readonly usage: Usage | null;
  readonly model: { readonly name: string; readonly offline: boolean } | null;
  /** How its order was decided; null for the plain DAG. */
  readonly mode: ModeDecision | null;
  /** What the run is told of how its plan was made; its end adds to them. */
  readonly warnings?: readonly string[];
  readonly ready: EventDraft;
  readonly phase: EventDraft;
};

/** Records a run's plan with plan.ready. The plan that counts is returned: the first one recorded; undefined when the run has ended or is told to stop. */
export async function recordPlan({ redis, keys }: Store, record: PlanRecord): Promise<Plan | undefined> {
  const { run, events } = keys.run(record.run);
  const json = (value: unknown): string => (value === null ? '' : JSON.stringify(value));
  const reply = await runScript(redis, script, {
    keys: [run, events],
    args: [
      JSON.stringify(record.plan),
      json(record.usage),
      json(record.model),
      json(record.mode),
      json(record.warnings ?? []),
      ...eventArgs(record.ready),
      ...eventArgs(record.phase),
    ],
  });
  const [code, plan] = reply as [number, string]; // the script returns nothing else
  return code === -3 ? undefined : Plan.parse(JSON.parse(plan));
}

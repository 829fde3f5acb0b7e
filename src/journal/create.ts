import type { EventDraft } from '../contracts/event.ts';
import { defaults } from '../contracts/limits.ts';
import type { Plan } from '../contracts/plan.ts';
import type { RunOptions } from '../contracts/run-options.ts';
import { eventArgs } from './event-codec.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./create.lua', import.meta.url));

export type NewRun = {
  readonly run: string;
  readonly query: string;
  readonly plan: Plan | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The client's key, and digests of it and of the body it came with. */
  readonly idempotency: { readonly owner: string; readonly keyDigest: string; readonly bodyDigest: string } | undefined;
  readonly options: RunOptions;
  readonly event: EventDraft;
};

/** `accepted` is a new run, `repeated` the one that this key and body made before, `conflict` the one made with another body. */
export type Accepted = { readonly outcome: 'accepted' | 'repeated' | 'conflict'; readonly run: string };

/** Writes a run's record together with run.created, so that no reader is ever too early. Repeating it is harmless. */
export async function createRun({ redis, keys }: Store, input: NewRun): Promise<Accepted> {
  const { idempotency } = input;
  const run = keys.run(input.run);
  const idempotencyKey = keys.idempotency(idempotency?.owner ?? '', idempotency?.keyDigest ?? '');
  const reply = await runScript(redis, script, {
    keys: [run.run, run.events, keys.runs, idempotencyKey, keys.openRuns],
    args: [
      input.run,
      idempotency?.bodyDigest ?? '',
      defaults.idempotencyTtlMs,
      'queued',
      input.query,
      input.plan === undefined ? '' : JSON.stringify(input.plan),
      JSON.stringify(input.metadata),
      ...eventArgs(input.event),
      JSON.stringify(input.options),
      input.options.deadline_ms ?? '',
    ],
  });
  const [code, id] = reply as [number, string]; // the script returns nothing else
  return { outcome: code === 1 ? 'accepted' : code === 0 ? 'repeated' : 'conflict', run: id };
}

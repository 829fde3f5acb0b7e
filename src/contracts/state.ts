import { z } from 'zod';
import { TaskId } from './ids.ts';

/** The name of a value in a run's shared state. */
export const StateName = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
    'expected 1 to 64 letters, digits, "_", "." or "-", beginning with a letter',
  );

/** Bounds of one run's state: values, bytes of one as JSON, bytes of all. */
export const stateLimits = { values: 200, valueBytes: 64_000, bytes: 512_000, changes: 100 } as const;

const value = z.json();

/** One change of one value. `increment` and `append` begin with 0 and [] where there is nothing yet. */
export const StateChange = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('set'), name: StateName, value }),
  z.strictObject({ op: z.literal('delete'), name: StateName }),
  z.strictObject({ op: z.literal('increment'), name: StateName, by: z.number() }),
  z.strictObject({ op: z.literal('append'), name: StateName, items: z.array(value).min(1).max(1_000) }),
]);
export type StateChange = z.infer<typeof StateChange>;

/** Body of PATCH /v1/runs/{id}/state: all of it happens, in order, or none. */
export const StatePatch = z.strictObject({
  changes: z.array(StateChange).min(1).max(stateLimits.changes),
  /** The task in whose name it is done, for the event. */
  task_id: TaskId.optional(),
});
export type StatePatch = z.infer<typeof StatePatch>;

/** A run's shared state. The version counts its patches: If-Match takes `"v<version>"`. */
export const RunState = z.object({ version: z.int(), state: z.record(z.string(), z.unknown()) });
export type RunState = z.infer<typeof RunState>;

/** What state.changed tells: who changed which values how, and the version that came of it. */
export const StateChanged = z.object({
  version: z.int(),
  changes: z.array(z.object({ op: z.string(), name: z.string() })),
});
export type StateChanged = z.infer<typeof StateChanged>;

/** What state.refused tells: which value kept a patch out, empty for all of them together, and why. */
export const StateRefused = z.object({
  name: z.string(),
  reason: z.enum(['no_number', 'no_list', 'value_too_large', 'state_too_large']),
});
export type StateRefused = z.infer<typeof StateRefused>;

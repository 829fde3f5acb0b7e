import { z } from 'zod';

/** The reserved task id of a run itself: planning, synthesis and the answer speak as this task. */
export const ROOT_TASK = 'root';
/** What planning claims in a run's journal, as tasks do; no task can have this id. */
export const PLAN_TASK = '$plan';
/** The author of run-level events, and of task events before an agent is chosen. */
export const ORCHESTRATOR = 'orchestrator';

/** A run's id: `r` and 22 characters of our own, so that it can never be a BullMQ integer id nor carry a `:`. */
export const RunId = z.string().regex(/^r[A-Za-z0-9]{22}$/, 'expected a run id: r followed by 22 letters and digits');

/** A task's id: the plan's own, public everywhere. `root` is reserved. */
export const TaskId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'expected 1 to 64 letters, digits, "_", "." or "-", not starting with a sign',
  )
  .refine((id) => id !== ROOT_TASK, `"${ROOT_TASK}" is reserved for the run itself`);

/** An agent's id, chosen by whoever registers it. */
export const AgentId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'expected 1 to 64 letters, digits, "_", "." or "-", not starting with a sign',
  )
  .refine((id) => id !== ORCHESTRATOR, `"${ORCHESTRATOR}" is reserved`);

/** The id of one stream entry as Redis gives it: `<milliseconds>-<sequence>`; also the SSE id. */
export const EventId = z.string().regex(/^\d{1,16}-\d{1,16}$/, 'expected an event id: <milliseconds>-<sequence>');

/** Orders two event ids: negative when `a` is older. Compares as numbers, since "9-0" comes before "10-0". */
export function compareIds(a: string, b: string): number {
  const [aTime = 0, aSeq = 0] = a.split('-').map(Number);
  const [bTime = 0, bSeq = 0] = b.split('-').map(Number);
  return aTime - bTime || aSeq - bSeq;
}

import type { z } from 'zod';
import type { Fault } from '../contracts/error.ts';

const secrets: ReadonlySet<string> = new Set(['OPENAI_API_KEY', 'BATON_ADMIN_PASSWORD']);

/** The settings that are set, by their names. */
export type Given = Readonly<Record<string, string | undefined>>;

/** What zod found, with the value that came unless it may hold a secret. */
export function toFault(issue: z.core.$ZodIssue, given: Given): Fault {
  const name = String(issue.path[0]);
  return { path: name, message: `${issue.message}, came ${shown(name, given[name])}` };
}

/** Apart from the schema, like all that follows, because zod skips rules over several fields once one of them is faulty, and all faults go out together. */
export function adminFaults(given: Given): readonly Fault[] {
  const [user, password] = ['BATON_ADMIN_USER', 'BATON_ADMIN_PASSWORD'] as const;
  if ((given[user] === undefined) === (given[password] === undefined)) return [];
  const missing = given[user] === undefined ? user : password;
  return [{ path: missing, message: `expected ${user} and ${password} together or neither, came nothing` }];
}

/** A probe and its answer, the follow-up of one that failed, and that one's answer: 2 s, 1 s and 2 s (registry/probe.ts, prober.ts). */
const ONE_LOST_PROBE_MS = 5_000;

export type HealthTimes = {
  /** How long a sign of life counts, and what is between two probes, in milliseconds; undefined where the setting is faulty by itself. */
  readonly ttlMs: number | undefined;
  readonly probeMs: number | undefined;
};

/** A sign of life that counts for less than one lost probe takes would make every agent that is probed come and go. */
export function healthFaults({ ttlMs, probeMs }: HealthTimes): readonly Fault[] {
  if (ttlMs === undefined || probeMs === undefined) return [];
  const leastMs = probeMs + ONE_LOST_PROBE_MS;
  if (ttlMs >= leastMs) return [];
  const why = `with a BATON_PROBE_MS of ${probeMs}, so that one lost probe takes no agent out`;
  return [{ path: 'BATON_HEALTH_TTL_MS', message: `expected at least ${leastMs} milliseconds ${why}, came ${ttlMs}` }];
}

/** A value for a message; what may hold a password (a URL with "@" included) is not shown. */
function shown(name: string, value: string | undefined): string {
  if (secrets.has(name) || value?.includes('@')) return 'a value that is not shown here';
  return value === undefined ? 'nothing' : JSON.stringify(value.slice(0, 100));
}

import { z } from 'zod';
import type { Store } from './store.ts';

/** A join that has not gone on yet, and by when it will: ms since 1970. */
export type JoinProgress = {
  readonly task: string;
  readonly graceAt: number | undefined;
  readonly timeoutAt: number | undefined;
  /** 2 once its branches were dispatched again. */
  readonly round: number;
};

const Spec = z.object({ timeout_ms: z.number().nullable() });

/** The joins of a run that have not gone on. */
export async function loadJoins({ redis, keys }: Store, run: string): Promise<readonly JoinProgress[]> {
  const fields = await redis.hgetall(keys.run(run).joins);
  const joins = Object.keys(fields).filter((name) => !name.includes(':') && fields[`${name}:released`] === undefined);
  return joins.map((task) => {
    const { timeout_ms } = Spec.parse(JSON.parse(fields[task] ?? '{}'));
    const [began, grace, round] = ['began', 'grace', 'round'].map((name) => fields[`${task}:${name}`]);
    const rounds = Number(round ?? 1);
    const timeoutAt = began === undefined || timeout_ms === null ? undefined : Number(began) + rounds * timeout_ms;
    return { task, timeoutAt, round: rounds, graceAt: grace === undefined ? undefined : Number(grace) };
  });
}

import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { openClient } from '../../src/client/client.ts';
import type { StreamEvent } from '../../src/contracts/event.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { plans } from '../suites/random-plans.ts';
import type { Cluster } from './cluster.ts';

/** A run that was accepted, and what a reader saw of it live. */
export type Accepted = {
  readonly run: string;
  readonly plan: Plan;
  /** When the cancel was accepted, ms since 1970. */
  cancelledAt: number | undefined;
  readonly read: Promise<readonly StreamEvent[]> | undefined;
};

/** Runs are submitted at this pace whatever happens to those before (open loop), and no more than so many are open. */
const PACE_MS = 120;
const MOST = 5_000;
const READ_SHARE = 0.2;
const CANCEL_SHARE = 0.08;
const CANCEL_AFTER_MS = 600;
const READ_MS = 180_000;

/** Submits random plans until the signal says stop; each request is repeated with its key until it was accepted. */
export async function submitRuns(
  cluster: Cluster,
  seed: number,
  random: () => number,
  signal: AbortSignal,
): Promise<readonly Accepted[]> {
  const drawn = fc.sample(plans, { numRuns: MOST, seed });
  const open: Promise<Accepted>[] = [];
  for (const [index, plan] of drawn.entries()) {
    if (signal.aborted) break;
    open.push(
      submitOne(cluster, {
        plan,
        key: `chaos-${seed}-${index}`,
        isRead: random() < READ_SHARE,
        isCancelled: random() < CANCEL_SHARE,
      }),
    );
    await pause(PACE_MS);
  }
  return Promise.all(open);
}

type Wish = { readonly plan: Plan; readonly key: string; readonly isRead: boolean; readonly isCancelled: boolean };

async function submitOne(cluster: Cluster, { plan, key, isRead, isCancelled }: Wish): Promise<Accepted> {
  const { run_id: run } = await insist(cluster, (url) => openClient({ url }).submit({ plan }, { idempotencyKey: key }));
  const url = cluster.apis[0]?.url ?? '';
  const signal = AbortSignal.timeout(READ_MS);
  const read = isRead ? Array.fromAsync(openClient({ url }).stream(run, { signal })) : undefined;
  read?.catch(() => undefined); // the checker hears of it
  const accepted: Accepted = { run, plan, read, cancelledAt: undefined };
  if (isCancelled) {
    await pause(CANCEL_AFTER_MS);
    await insist(cluster, (at) => openClient({ url: at }).cancel(run));
    accepted.cancelledAt = Date.now();
  }
  return accepted;
}

/** Asks one API after the other until one answers. */
export async function insist<T>({ apis }: Cluster, ask: (url: string) => Promise<T>): Promise<T> {
  const deadline = Date.now() + READ_MS;
  for (let turn = 0; ; turn += 1) {
    try {
      return await ask(apis[turn % apis.length]?.url ?? '');
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(100);
    }
  }
}

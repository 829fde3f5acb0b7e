import { BatonError } from '../contracts/error.ts';
import type { Gather } from './handle.ts';
import { openPending, type Pending, type Settled } from './pending.ts';
import type { Step } from './step.ts';

/** Several steps as one: settled as soon as it is known how. */
export function gatherSteps(gather: Gather, of: readonly Step[]): Pending {
  refuseTimes(gather);
  const pending = openPending();
  for (const { pending: step } of of) step.listen(() => look(gather, of, pending));
  look(gather, of, pending);
  return pending;
}

function look({ kind, join }: Gather, of: readonly Step[], pending: Pending): void {
  if (pending.settled() !== undefined) return;
  const settled = of.map((step) => step.pending.settled());
  const good = settled.filter((each) => each !== undefined && 'value' in each);
  const bad = settled.filter((each) => each !== undefined && 'error' in each);
  const need = kind === 'race' ? 1 : kind === 'all' ? of.length : quotaOf(join, of.length);
  if (good.length >= need) {
    pending.settle({ value: kind === 'race' ? valueIn(good[0]) : settled.map(valueIn) });
    if (kind !== 'all' && join.late !== 'keep') for (const step of of) cancel(step);
  } else if (bad[0] !== undefined && (kind === 'all' || of.length - bad.length < need)) pending.settle(bad[0]);
}

function valueIn(settled: Settled | undefined): unknown {
  return settled !== undefined && 'value' in settled ? settled.value : undefined;
}

/** As plan/join.ts has it: 0.75 of 4 is 3, and must not become 4 by the last bit of a product. */
function quotaOf({ min_fraction = 1 }: Gather['join'], count: number): number {
  return Math.max(1, Math.ceil(min_fraction * count - 1e-9));
}

function cancel(step: Step): void {
  if (step.pending.settled() !== undefined) return;
  step.isCancelled = true;
  step.pending.settle({ error: new BatonError('late', `Step "${step.key}" was not needed any more.`) });
}

/** A replay has no clock: what it does must follow from its log. */
function refuseTimes({ join }: Gather): void {
  const timed = (['grace_ms', 'timeout_ms', 'on_timeout'] as const).filter((field) => join[field] !== undefined);
  if (timed.length === 0) return;
  const advice = 'wait for nothing in this function, or give the steps a timeout_ms';
  throw new BatonError('invalid_plan', `A join's ${timed.join(', ')} needs a flow that is a graph: ${advice}.`);
}

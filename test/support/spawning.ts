import { randomUUID } from 'node:crypto';
import { Price } from '../../src/contracts/budget.ts';
import { defaultPool, type PoolAmounts } from '../../src/contracts/pool.ts';
import { Template } from '../../src/contracts/template.ts';
import { claimTask } from '../../src/journal/claim.ts';
import type { Store } from '../../src/journal/store.ts';
import type { Spawning } from '../../src/registry/spawn.ts';

/** A template that offers `custom` and little more. */
export function templateOf(id: string, fields: object = {}): Template {
  const plain = { type: 'coding', capabilities: ['custom'], prompt: `You are ${id}.` };
  return Template.parse({ id, name: id, ...plain, ...fields });
}

type Sketch = Partial<Omit<Spawning, 'capacity'>> & {
  readonly run: string;
  readonly task: string;
  readonly capacity?: Partial<PoolAmounts>;
};

/** What spawnAgent takes, of a task in its first attempt. */
export function spawningOf({ capacity, ...rest }: Sketch): Spawning {
  const plain = { epoch: 1, exclusive: true, score: null, price: Price.parse({}), template: templateOf('worker') };
  return { ...plain, ...rest, capacity: { ...defaultPool, ...capacity } };
}

/** Begins a task, as a worker does before it makes an agent; its epoch comes back. */
export async function claimOf(store: Store, run: string, task: string): Promise<number> {
  const claim = await claimTask(store, { run, task, token: randomUUID(), dependencies: [], needed: 0, announce: [] });
  if (!('epoch' in claim)) throw new Error(`${task} could not be claimed: ${claim.state}`);
  return claim.epoch;
}

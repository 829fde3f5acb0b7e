import type { AgentDescriptor, AgentPool, PayloadSchema } from '../contracts/agent.ts';
import { skillWordsOf } from './skills.ts';

/** What agents say of themselves, column by column. It stays while nobody registers anew, which is far longer than a snapshot. */
export type DescriptorColumns = {
  /** max_concurrent_tasks; 0 for none. */
  readonly slots: Int32Array;
  readonly priority: Int32Array;
  readonly pool: readonly (AgentPool | null)[];
  /** Places in `schemas` and `skills`: many agents share them. */
  readonly schema: Int32Array;
  readonly schemas: readonly PayloadSchema[];
  readonly skill: Int32Array;
  readonly skills: readonly ReadonlySet<string>[];
  /** The place of an agent; undefined when it is not among them. */
  readonly placeOf: (agent: string) => number | undefined;
};

type Known = { readonly descriptors: readonly AgentDescriptor[]; readonly columns: DescriptorColumns };

/** By the first of the descriptors: whoever asks for the same list again finds it there. */
const known = new WeakMap<AgentDescriptor, Known>();

/** The columns of these descriptors, worked out once for the same ones in the same order. */
export function descriptorColumnsOf(descriptors: readonly AgentDescriptor[]): DescriptorColumns {
  const [first] = descriptors;
  const before = first === undefined ? undefined : known.get(first);
  if (before !== undefined && isSame(before.descriptors, descriptors)) return before.columns;
  const columns = workOut(descriptors);
  if (first !== undefined) known.set(first, { descriptors, columns });
  return columns;
}

function isSame(one: readonly AgentDescriptor[], other: readonly AgentDescriptor[]): boolean {
  return one.length === other.length && one.every((descriptor, place) => descriptor === other[place]);
}

function workOut(descriptors: readonly AgentDescriptor[]): DescriptorColumns {
  const schemas = numbered(
    descriptors.map(({ payload_schema }) => payload_schema),
    schemaKey,
  );
  const skills = numbered(descriptors.map(skillWordsOf), (words) => [...words].join(' '));
  const places = new Map(descriptors.map(({ agent_id }, place) => [agent_id, place]));
  return {
    slots: new Int32Array(descriptors.map(({ max_concurrent_tasks }) => max_concurrent_tasks ?? 0)),
    priority: new Int32Array(descriptors.map(({ priority }) => priority)),
    pool: descriptors.map(({ pool }) => pool),
    ...{ schema: schemas.numbers, schemas: schemas.firsts },
    ...{ skill: skills.numbers, skills: skills.firsts },
    placeOf: (id) => places.get(id),
  };
}

function schemaKey({ required_fields, optional_fields, json_schema }: PayloadSchema): string {
  return JSON.stringify([required_fields, optional_fields, json_schema]);
}

/** A number for each different key, and the first item that has it. */
function numbered<T>(items: readonly T[], keyOf: (item: T) => string) {
  const numbers = new Int32Array(items.length);
  const known = new Map<string, number>();
  const firsts: T[] = [];
  for (const [place, item] of items.entries()) {
    const key = keyOf(item);
    const number = known.get(key) ?? firsts.push(item) - 1;
    known.set(key, number);
    numbers[place] = number;
  }
  return { numbers, firsts };
}

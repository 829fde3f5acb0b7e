// The task graphs of the bench. Plans are built here and not parsed: fan 1000 is larger than the contract lets a plan be.

import { limits } from '../src/contracts/limits.ts';
import type { DependencyPolicy, Plan } from '../src/contracts/plan.ts';
import { seededRandom } from '../test/support/seeded-random.ts';

type Sketch = {
  readonly id: string;
  readonly after: readonly string[];
  readonly policy?: DependencyPolicy;
  /** How long its agent takes. */
  readonly ms?: number;
};

/** `length` tasks, each behind the one before. */
export function chain(length: number): Plan {
  return planOf(
    Array.from({ length }, (_, index) => ({ id: `t${index}`, after: index === 0 ? [] : [`t${index - 1}`] })),
  );
}

/** One source, `width` tasks behind it, and as many joins as the contract's most dependencies of one task ask for. */
export function fan(width: number): Plan {
  const middle = Array.from({ length: width }, (_, index) => `w${index}`);
  const joins = Array.from({ length: Math.ceil(width / limits.planTasks) }, (_, index): Sketch => {
    const from = index * limits.planTasks;
    return { id: `join${index}`, after: middle.slice(from, from + limits.planTasks), policy: 'partial' };
  });
  return planOf([{ id: 'source', after: [] }, ...middle.map((id) => ({ id, after: ['source'] })), ...joins]);
}

/** `layers` of `width` tasks that take `ms`, each behind two of the layer above. */
export function lattice(layers: number, width: number, ms: number): Plan {
  return planOf(
    Array.from({ length: layers * width }, (_, index) => {
      const above = index - width;
      const beside = above - (index % width) + ((index + 1) % width);
      return { id: `t${index}`, ms, after: above < 0 ? [] : [`t${above}`, `t${beside}`] };
    }),
  );
}

/** `width` tasks and one that joins them. */
export function fork(width: number): Plan {
  const branches = Array.from({ length: width }, (_, index) => `w${index}`);
  return planOf([...branches.map((id) => ({ id, after: [] })), { id: 'join', after: branches }]);
}

/** Tasks without dependencies at the beginning, the most a later one has, and how far back they lie. */
const SOURCES = 10;
const MOST_DEPENDENCIES = 4;
const REACH = 60;
/** Share of the tasks that run with what there is. */
const PARTIAL = 0.3;

/** A DAG of `size` tasks with about two edges per task; the same one for the same seed. */
function randomDag(size: number, seed: number): Plan {
  const random = seededRandom(seed);
  return planOf(
    Array.from({ length: size }, (_, index) => ({
      id: `t${index}`,
      after: someBefore(index, random),
      policy: random() < PARTIAL ? 'partial' : 'skip',
    })),
  );
}

/** One run of the sustained workload: 200 tasks, always the same. */
export const RUN_TASKS = 200;
export const sustainedPlan = randomDag(RUN_TASKS, 16);
/** The largest plan there may be. */
export const largestPlan = randomDag(limits.planTasks, 16);

/** A task depends on earlier ones only, so there is no cycle. */
function someBefore(index: number, random: () => number): readonly string[] {
  const wanted = index < SOURCES ? 0 : Math.floor(random() * (MOST_DEPENDENCIES + 1));
  const picked = Array.from({ length: wanted }, () => index - 1 - Math.floor(random() * Math.min(index, REACH)));
  return [...new Set(picked)].map((earlier) => `t${earlier}`);
}

function planOf(sketches: readonly Sketch[]): Plan {
  return {
    plan_id: '',
    original_query: 'bench',
    reasoning: '',
    sub_tasks: sketches.map(({ id, after, policy = 'skip', ms = 0 }) => ({
      task_id: id,
      description: `do ${id}`,
      required_capability: 'custom',
      input_data: ms === 0 ? {} : { ms },
      depends_on: [...after],
      on_dependency_failure: policy,
      kind: 'agent',
      after: [],
      optional: false,
    })),
  };
}

import { BatonError, type Fault, faultyError, parseOr } from '../contracts/error.ts';
import type { Plan } from '../contracts/plan.ts';
import { ProgramFailure, ProgramResult, ProgramSteps, programLimits } from '../contracts/program.ts';
import { validatePlan } from './validate.ts';

/** What a program says is next. */
export type ProgramAnswer =
  | ({ readonly kind: 'steps' } & ProgramSteps)
  | { readonly kind: 'result'; readonly text: string }
  | { readonly kind: 'error'; readonly code: 'program_failed' | 'program_diverged'; readonly message: string };

/** What it had been told, and what it had asked for. */
export type ProgramSoFar = {
  /** Keys of its steps, in the order in which it gave them; of these, those that it was told have ended, those under way. */
  readonly keys: readonly string[];
  readonly ended: ReadonlySet<string>;
  readonly running: ReadonlySet<string>;
};

/** Reads a program's answer: JSON and nothing else. Throws program_invalid, naming what is wrong; program_endless beyond its bounds. */
export function readProgramAnswer(text: string, soFar: ProgramSoFar): ProgramAnswer {
  const value = parseJson(text);
  if ('result' in value) {
    const { result } = parseOr(ProgramResult, value, 'program_invalid');
    return { kind: 'result', text: typeof result === 'string' ? result : JSON.stringify(result) };
  }
  if ('error' in value) return { kind: 'error', ...parseOr(ProgramFailure, value, 'program_invalid').error };
  const answer = parseOr(ProgramSteps, value, 'program_invalid');
  checkSteps(answer, soFar);
  return { kind: 'steps', ...answer };
}

function parseJson(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // prose: said below
  }
  const expected = 'Expected the JSON object {"steps": [...]}, {"result": ...} or {"error": {...}} and nothing else';
  throw new BatonError('program_invalid', `${expected}, came: ${text.slice(0, programLimits.logChars)}`);
}

function checkSteps(answer: ProgramSteps, soFar: ProgramSoFar): void {
  const { steps, cancel } = answer;
  if (soFar.keys.length + steps.length > programLimits.steps) {
    const message = `The program wants more than ${programLimits.steps} steps.`;
    throw new BatonError('program_endless', message);
  }
  const faults = [...knownKeys(steps, soFar), ...strangers(cancel, soFar), ...faultsOfTasks(answer, soFar)];
  if (faults.length > 0) throw faultyError('program_invalid', faults);
  const left = soFar.running.size - new Set(cancel).size;
  if (steps.length === 0 && left === 0)
    throw new BatonError(
      'program_invalid',
      'The program asks for no step, and none is under way that it could wait for.',
    );
}

function knownKeys(steps: ProgramSteps['steps'], { keys }: ProgramSoFar): readonly Fault[] {
  return steps.flatMap(({ key }, index) => {
    const isKnown = keys.includes(key) || steps.findIndex((other) => other.key === key) < index;
    return isKnown ? [{ path: `steps[${index}].key`, message: `"${key}" is another step already` }] : [];
  });
}

function strangers(cancel: readonly string[], { keys }: ProgramSoFar): readonly Fault[] {
  return cancel.flatMap((key, index) =>
    keys.includes(key) ? [] : [{ path: `cancel[${index}]`, message: `"${key}" is no step of this program` }],
  );
}

/** The rules of a plan: the steps that have ended are its first tasks, keys are ids. */
function faultsOfTasks({ steps }: ProgramSteps, { ended }: ProgramSoFar): readonly Fault[] {
  const before = [...ended].map((key) => ({ ...plain, task_id: key }));
  const next = steps.map(({ key, digest: _, ...task }) => ({ ...task, task_id: key }));
  const waiting = new Set(steps.map(({ key }) => key));
  const early = steps.flatMap(({ depends_on, after }, index) =>
    [...depends_on, ...after].some((key) => waiting.has(key))
      ? [{ path: `steps[${index}].depends_on`, message: 'expected steps that have ended: ask for this one afterwards' }]
      : [],
  );
  const plan: Plan = { plan_id: '', original_query: '', reasoning: '', sub_tasks: [...before, ...next] };
  const others = validatePlan(plan).map(({ path, message }) => ({ path: inSteps(path, before.length), message }));
  const reviewed = steps.flatMap(({ kind, review }, index) =>
    kind !== 'review' && review !== undefined
      ? [{ path: `steps[${index}].review`, message: 'expected it with kind "review": a step of its own' }]
      : [],
  );
  return [...early, ...others, ...reviewed];
}

const plain: Plan['sub_tasks'][number] = {
  ...{ task_id: '', description: 'ended', required_capability: 'custom', kind: 'agent', input_data: {} },
  ...{ depends_on: [], after: [], on_dependency_failure: 'skip', optional: false },
};

function inSteps(path: string, before: number): string {
  return path.replace(/^sub_tasks\[(\d+)\]/, (_, index) => `steps[${Number(index) - before}]`);
}

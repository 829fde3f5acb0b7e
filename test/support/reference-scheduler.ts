// What must happen in a run, told by a scheduler that has no Redis, no jobs and no time: it follows the order in which tasks really
// settled and says at each event whether it was due. Agents do what `input_data.fail` says; nothing else makes a task fail.
import { isTerminalEvent, type StreamEvent } from '../../src/contracts/event.ts';
import type { JoinRelease } from '../../src/contracts/join.ts';
import type { Plan, SubTask } from '../../src/contracts/plan.ts';
import type { TaskOutcome } from '../../src/contracts/result.ts';

type State = {
  readonly tasks: ReadonlyMap<string, SubTask>;
  readonly outcomes: Map<string, TaskOutcome>;
  readonly late: Set<string>;
  readonly released: Map<string, JoinRelease>;
  /** Joins whose release must be the next thing said. */
  readonly due: Map<string, JoinRelease>;
  /** Branches that the last release dropped: their skips must be the next things said. */
  readonly dropping: Set<string>;
  stopped: boolean;
  readonly violations: string[];
};

const settling: ReadonlySet<string> = new Set(['task.completed', 'task.failed', 'task.skipped']);

/** Everything in a run's events that the plan's rules do not allow, in words; empty for a good run. */
export function violationsOf(plan: Plan, events: readonly StreamEvent[]): readonly string[] {
  const state: State = {
    tasks: new Map(plan.sub_tasks.map((task) => [task.task_id, task])),
    outcomes: new Map(),
    late: new Set(),
    released: new Map(),
    due: new Map(),
    dropping: new Set(),
    stopped: false,
    violations: [],
  };
  for (const event of events) follow(state, event);
  checkEnd(state, events);
  return state.violations;
}

function follow(state: State, event: StreamEvent): void {
  if (state.outcomes.size > 0 && settling.has(event.name) === false && event.name !== 'join.released')
    checkNothingDue(state, event);
  if (event.task_id === 'root') return;
  if (event.name === 'join.released') followRelease(state, event.task_id, event.detail);
  else if (event.name === 'task.started') followStart(state, event.task_id);
  else if (settling.has(event.name)) followSettle(state, event);
}

function checkNothingDue(state: State, event: StreamEvent): void {
  if (state.stopped) return;
  for (const join of state.due.keys())
    complain(state, `${join} was not released before ${event.task_id} ${event.name}`);
  for (const task of state.dropping) complain(state, `${task} was not dropped before ${event.task_id} ${event.name}`);
  state.due.clear();
  state.dropping.clear();
}

function followStart(state: State, id: string): void {
  if (state.stopped) complain(state, `${id} began after the run was told to stop`);
  const task = state.tasks.get(id);
  if (task === undefined) {
    followChild(state, id);
    return;
  }
  if (state.outcomes.has(id)) complain(state, `${id} began after it had settled`);
  const waits = [...task.after, ...(task.join === undefined ? task.depends_on : [])];
  for (const dep of waits) if (!state.outcomes.has(dep)) complain(state, `${id} began before ${dep} had settled`);
  if (task.join !== undefined && !state.released.has(id)) complain(state, `${id} began before its join was released`);
  if (admission(state, task) !== 'run') complain(state, `${id} began although it is ${admission(state, task)}`);
}

function followChild(state: State, id: string): void {
  const parent = state.tasks.get(parentOf(id));
  if (parent?.kind !== 'map') complain(state, `${id} is no task of the plan`);
  else if (state.outcomes.has(parent.task_id)) complain(state, `${id} began after ${parent.task_id} had settled`);
}

function followSettle(state: State, event: StreamEvent): void {
  const id = event.task_id;
  const outcome = event.name.slice('task.'.length) as TaskOutcome; // the three names in `settling`
  if (state.outcomes.has(id)) complain(state, `${id} settled twice`);
  const expected = expectedOutcome(state, event);
  if (outcome !== expected && !(state.stopped && outcome === 'skipped')) {
    complain(state, `${id} is ${outcome} and should be ${expected}`);
  }
  state.outcomes.set(id, outcome);
  const task = state.tasks.get(id);
  if (state.dropping.delete(id)) state.late.add(id);
  else if (task !== undefined) {
    countBranches(state, id);
    if (outcome !== 'completed' && stopsRun(state, task, outcome)) state.stopped = true;
  }
}

function expectedOutcome(state: State, { task_id: id }: StreamEvent): TaskOutcome {
  if (state.dropping.has(id) || state.late.has(parentOf(id))) return 'skipped';
  const task = state.tasks.get(id);
  if (task === undefined) return childFails(state, id) ? 'failed' : 'completed';
  for (const dep of [...task.after, ...(task.join === undefined ? task.depends_on : [])]) {
    if (!state.outcomes.has(dep) && !state.stopped) complain(state, `${id} settled before ${dep}`);
  }
  if (admission(state, task) === 'blocked') return task.on_dependency_failure === 'fail' ? 'failed' : 'skipped';
  if (task.kind === 'map') return mapOutcome(state, task);
  return task.input_data.fail === true ? 'failed' : 'completed';
}

function admission(state: State, task: SubTask): 'run' | 'blocked' {
  const completed = (id: string): boolean => state.outcomes.get(id) === 'completed';
  if (task.on_dependency_failure === 'partial') return 'run';
  const release = state.released.get(task.task_id);
  if (release !== undefined) {
    if (release.reason === 'quorum' || release.reason === 'grace') return 'run';
    return release.completed.length >= release.need ? 'run' : 'blocked';
  }
  const needed = task.depends_on.filter((id) => state.tasks.get(id)?.optional !== true);
  return needed.every(completed) ? 'run' : 'blocked';
}

/** A branch that has settled may be the one that lets a join go on. */
function countBranches(state: State, id: string): void {
  for (const task of state.tasks.values()) {
    if (task.join === undefined || !task.depends_on.includes(id)) continue;
    if (state.released.has(task.task_id) || state.outcomes.has(task.task_id)) continue;
    const release = releaseNow(state, task);
    if (release !== undefined) state.due.set(task.task_id, release);
  }
}

function releaseNow(state: State, { join, depends_on }: SubTask): JoinRelease | undefined {
  const need = Math.ceil((join?.min_fraction ?? 1) * depends_on.length - 1e-9);
  const completed = depends_on.filter((id) => state.outcomes.get(id) === 'completed');
  const late = depends_on.filter((id) => !state.outcomes.has(id));
  const unfinished = depends_on.filter((id) => state.outcomes.has(id) && !completed.includes(id));
  if (late.length === 0) return { reason: 'all', need, completed, unfinished, late };
  const isFull = completed.length >= need && (join?.grace_ms ?? 0) === 0;
  return isFull ? { reason: 'quorum', need, completed, unfinished, late } : undefined;
}

function followRelease(state: State, id: string, release: JoinRelease): void {
  const task = state.tasks.get(id);
  if (task === undefined || state.stopped) return;
  if (state.released.has(id)) complain(state, `${id} was released twice`);
  const now = releaseNow(state, task);
  const due = state.due.get(id) ?? (release.reason === 'grace' && task.join !== undefined ? graceOf(state, task) : now);
  if (JSON.stringify(due) !== JSON.stringify(release)) {
    complain(state, `${id} was released as ${JSON.stringify(release)} and should be ${JSON.stringify(due)}`);
  }
  state.due.delete(id);
  state.released.set(id, release);
  if (task.join?.late === 'drop') for (const dropped of onlyFor(state, task)) state.dropping.add(dropped);
}

/** A join with grace may go on once its quota is full; when exactly is for the clock to say. */
function graceOf(state: State, task: SubTask): JoinRelease | undefined {
  const now = releaseNow(state, { ...task, join: task.join && { ...task.join, grace_ms: 0 } });
  return now && { ...now, reason: 'grace' };
}

/** Unsettled tasks whose results could reach nobody but this join. */
function onlyFor(state: State, join: SubTask): readonly string[] {
  const serves = (id: string): boolean => {
    const heirs = [...state.tasks.values()].filter((task) => task.depends_on.includes(id));
    return heirs.length > 0 && heirs.every((heir) => heir === join || serves(heir.task_id));
  };
  return [...state.tasks.keys()].filter((id) => id !== join.task_id && !state.outcomes.has(id) && serves(id));
}

function stopsRun(state: State, task: SubTask, outcome: TaskOutcome): boolean {
  const isBlocked =
    outcome === 'failed' && task.on_dependency_failure === 'fail' && admission(state, task) === 'blocked';
  const isNeeded = [...state.tasks.values()].some(
    (other) =>
      other.on_dependency_failure === 'fail' && other.join === undefined && other.depends_on.includes(task.task_id),
  );
  return isBlocked || (isNeeded && !task.optional);
}

function parentOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('.')));
}

function itemsOf(task: SubTask): readonly { readonly fail?: boolean }[] {
  return (task.input_data.items ?? []) as { fail?: boolean }[]; // the plans of these tests have such a list
}

function childFails(state: State, id: string): boolean {
  const parent = state.tasks.get(parentOf(id));
  return parent !== undefined && itemsOf(parent)[Number(id.slice(id.lastIndexOf('.') + 1))]?.fail === true;
}

function mapOutcome(state: State, task: SubTask): TaskOutcome {
  const items = itemsOf(task);
  items.forEach((_, place) => {
    const child = `${task.task_id}.${place}`;
    if (!state.outcomes.has(child) && !state.stopped) complain(state, `${task.task_id} settled before ${child}`);
  });
  const failed = items.filter((item) => item.fail === true).length;
  if (failed === 0) return 'completed';
  return task.map?.on_item_failure === 'fail' || failed === items.length ? 'failed' : 'completed';
}

function checkEnd(state: State, events: readonly StreamEvent[]): void {
  const ends = events.filter(({ name }) => isTerminalEvent(name));
  if (ends.length !== 1 || ends[0] !== events.at(-1))
    complain(state, `${ends.length} ends, or something after the end`);
  const tasks = [...state.tasks.values()];
  const unfinished = tasks.filter(({ task_id }) => state.outcomes.get(task_id) !== 'completed');
  const end = ends[0];
  if (state.stopped || unfinished.length === tasks.length) {
    if (end?.name !== 'run.failed') complain(state, `the run ended with ${end?.name} and should have failed`);
    return;
  }
  for (const task of tasks) if (!state.outcomes.has(task.task_id)) complain(state, `${task.task_id} never settled`);
  const failedChild = (task: SubTask): boolean =>
    task.kind === 'map' && itemsOf(task).some((_, at) => state.outcomes.get(`${task.task_id}.${at}`) === 'failed');
  const partial = tasks.some((task) => !task.optional && (unfinished.includes(task) || failedChild(task)));
  if (end?.name !== 'run.completed' || end.detail.partial !== partial)
    complain(state, `the end should be partial: ${partial}`);
}

function complain(state: State, violation: string): void {
  state.violations.push(violation);
}

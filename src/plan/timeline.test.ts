import { describe, expect, test } from 'vitest';
import { type EventName, eventCatalogue, type StreamEvent } from '../contracts/event.ts';
import { ORCHESTRATOR, ROOT_TASK } from '../contracts/ids.ts';
import { Plan } from '../contracts/plan.ts';
import { Timeline } from '../contracts/timeline.ts';
import { emptyTimeline, foldTimeline } from './fold-timeline.ts';
import { timelineOf } from './timeline.ts';

type Told = readonly [
  ms: number,
  task: string,
  name: EventName,
  more?: { readonly agent?: string; readonly attempt?: number; readonly detail?: object },
];

/** Events at these milliseconds of the year 1970. */
function timeline(plan: Plan | null, ...told: readonly Told[]): Timeline {
  const state = emptyTimeline();
  for (const [ms, task_id, name, { agent = 'a1', attempt = 1, detail = {} } = {}] of told) {
    foldTimeline(state, {
      id: `${ms}-0`,
      run_id: 'r',
      task_id,
      agent_id: agent,
      attempt,
      event_type: eventCatalogue[name].type,
      name,
      data: '',
      detail,
      timestamp: new Date(ms).toISOString(),
    } as StreamEvent); // each test gives the detail that its names need
  }
  return Timeline.parse(timelineOf(state, plan));
}

const plan = (tasks: Readonly<Record<string, object>>): Plan =>
  Plan.parse({
    sub_tasks: Object.entries(tasks).map(([task_id, rest]) => ({
      task_id,
      description: 'x',
      required_capability: 'custom',
      ...rest,
    })),
  });

const iso = (ms: number): string => new Date(ms).toISOString();
const usage = (completion_tokens: number) => ({
  prompt_tokens: 10,
  completion_tokens,
  total_tokens: 10 + completion_tokens,
});
const opening: readonly Told[] = [
  [0, ROOT_TASK, 'run.created'],
  [100, ROOT_TASK, 'plan.ready'],
];
const start = (ms: number, task: string, attempt = 1): Told => [
  ms,
  task,
  'task.started',
  { attempt, detail: { worker: `w${attempt}` } },
];
const done = (ms: number, task: string, detail: object = { usage: null, confidence: null }): Told => [
  ms,
  task,
  'task.completed',
  { detail },
];
const taskOf = ({ tasks }: Timeline, id: string) => tasks.find((task) => task.task_id === id);

describe('one task', () => {
  test('is queued, started, heard and ended, with its agent, worker and metrics', () => {
    const told = timeline(
      plan({ a: {} }),
      ...opening,
      start(150, 'a'),
      [250, 'a', 'task.token'],
      [300, 'a', 'task.token'],
      done(650, 'a', { usage: usage(20), confidence: 0.75 }),
    );
    expect(told.makespan_ms).toBe(550);
    expect(taskOf(told, 'a')).toEqual({
      task_id: 'a',
      kind: 'agent',
      parent: null,
      status: 'completed',
      queued_at: iso(100),
      started_at: iso(150),
      first_token_at: iso(250),
      ended_at: iso(650),
      attempts: [
        {
          attempt: 1,
          agent_id: 'a1',
          worker: 'w1',
          started_at: iso(150),
          first_token_at: iso(250),
          ended_at: iso(650),
          outcome: 'completed',
        },
      ],
      metrics: { duration_ms: 500, tokens: 30, tokens_per_second: 40, success_rate: 1, confidence: 0.75 },
    });
  });

  test('that failed once shows both attempts; speed is that of the good one', () => {
    const told = timeline(
      plan({ a: {} }),
      ...opening,
      start(200, 'a'),
      [300, 'a', 'task.retrying'],
      start(1_300, 'a', 2),
      done(1_800, 'a', { usage: usage(20), confidence: null }),
    );
    const task = taskOf(told, 'a');
    expect(task?.attempts.map(({ outcome, ended_at }) => [outcome, ended_at])).toEqual([
      ['failed', iso(300)],
      ['completed', iso(1_800)],
    ]);
    expect(task?.metrics).toMatchObject({ duration_ms: 1_600, tokens_per_second: 40, success_rate: 0.5 });
  });

  test('whose worker died has lost an attempt when the next begins', () => {
    const told = timeline(plan({ a: {} }), ...opening, start(200, 'a'), start(900, 'a', 2));
    expect(taskOf(told, 'a')?.attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'running']);
    expect(taskOf(told, 'a')).toMatchObject({ status: 'running', ended_at: null, metrics: { duration_ms: null } });
  });

  test('that waits for an agent has none until one is selected', () => {
    const waiting: Told = [200, 'a', 'task.started', { agent: ORCHESTRATOR }];
    const agentIn = (told: Timeline) => taskOf(told, 'a')?.attempts[0]?.agent_id;
    expect(agentIn(timeline(plan({ a: {} }), ...opening, waiting))).toBeNull();
    expect(agentIn(timeline(plan({ a: {} }), ...opening, waiting, [300, 'a', 'agent.selected']))).toBe('a1');
  });

  test('of which a human decides waits, and its agent is done when its text is asked about', () => {
    const asked: Told = [400, 'a', 'interrupt.requested', { detail: { interrupt: { subject: 'output' } } }];
    const told = timeline(plan({ a: {} }), ...opening, start(200, 'a'), asked);
    expect(taskOf(told, 'a')).toMatchObject({ status: 'waiting', attempts: [{ outcome: 'completed' }] });
    const decided = timeline(
      plan({ a: {} }),
      ...[...opening, start(200, 'a'), asked],
      [5_000, 'a', 'interrupt.resolved'],
      done(5_010, 'a'),
    );
    expect(taskOf(decided, 'a')).toMatchObject({ status: 'completed', attempts: [{ ended_at: iso(400) }] });
  });

  test('that only a human does begins with the question', () => {
    const asked: Told = [400, 'a', 'interrupt.requested', { detail: { interrupt: { subject: 'input' } } }];
    const told = timeline(plan({ a: { kind: 'approval' } }), ...opening, asked, done(900, 'a'));
    expect(taskOf(told, 'a')).toMatchObject({ started_at: iso(400), metrics: { duration_ms: 500 } });
  });

  test('that was skipped or re-used has an end and no attempt', () => {
    const told = timeline(
      plan({ a: {}, b: {} }),
      ...opening,
      [300, 'a', 'task.skipped'],
      [100, 'b', 'task.reused', { detail: { status: 'completed' } }],
    );
    expect(told.tasks.map(({ status, ended_at, attempts }) => [status, ended_at, attempts.length])).toEqual([
      ['skipped', iso(300), 0],
      ['completed', iso(100), 0],
    ]);
    expect(told).toMatchObject({ work_ms: 0, makespan_ms: null, parallel_speedup: null, critical_path: [] });
  });
});

describe('a run', () => {
  const diamond = plan({
    a: {},
    b: { depends_on: ['a'] },
    c: { after: ['a'] },
    d: { depends_on: ['b', 'c'] },
    e: {},
  });
  const events: readonly Told[] = [
    ...opening,
    start(100, 'a'),
    start(100, 'e'),
    done(200, 'a'),
    start(200, 'b'),
    start(210, 'c'),
    done(300, 'b'),
    done(500, 'e'),
    done(610, 'c'),
    start(620, 'd'),
    done(700, 'd'),
    [710, ROOT_TASK, 'task.started', { detail: { worker: 'w1' } }],
    [800, ROOT_TASK, 'answer.token'],
    [900, ROOT_TASK, 'answer.token'],
    [1_000, ROOT_TASK, 'run.completed'],
  ];

  test('has its times, its speed-up and its critical path, through edges that only order too', () => {
    const { tasks: _, ...told } = timeline(diamond, ...events);
    expect(told).toEqual({
      run_id: 'r',
      complete: true,
      started_at: iso(0),
      planned_at: iso(100),
      first_token_at: iso(800),
      ended_at: iso(1_000),
      makespan_ms: 600,
      work_ms: 100 + 400 + 100 + 400 + 80,
      parallel_speedup: 1_080 / 600,
      critical_path: [
        { task_id: 'a', duration_ms: 100 },
        { task_id: 'c', duration_ms: 400 },
        { task_id: 'd', duration_ms: 80 },
      ],
    });
  });

  test('queues a task when the last of what it waits for has ended', () => {
    const told = timeline(diamond, ...events);
    expect(told.tasks.map(({ task_id, queued_at }) => [task_id, queued_at])).toEqual([
      ['a', iso(100)],
      ['b', iso(200)],
      ['c', iso(200)],
      ['d', iso(610)],
      ['e', iso(100)],
    ]);
  });

  test('that goes on is measured up to its newest event', () => {
    const told = timeline(diamond, ...events.slice(0, 8)); // up to 300 ms: c and e run
    expect(told).toMatchObject({ ended_at: null, makespan_ms: 200, work_ms: 100 + 200 + 100 + 90 });
    expect(taskOf(told, 'd')).toMatchObject({ status: 'pending', queued_at: null, started_at: null });
    expect(told.critical_path).toEqual([{ task_id: 'e', duration_ms: 200 }]);
  });

  test('without a plan yet has no tasks', () => {
    expect(timeline(null, [0, ROOT_TASK, 'run.created'])).toMatchObject({ complete: true, tasks: [], work_ms: 0 });
  });

  test('whose first events were trimmed is not complete', () => {
    expect(timeline(diamond, ...events.slice(3)).complete).toBe(false);
    const gap: Told = [150, ROOT_TASK, 'stream.gap', { detail: { after: '100-0', resumes_at: '200-0' } }];
    expect(timeline(diamond, ...events.slice(0, 2), gap, ...events.slice(5)).complete).toBe(false);
  });
});

test('a join that went on early was queued then, and its late branches are not on the critical path', () => {
  const joined = plan({ a: {}, slow: {}, j: { depends_on: ['a', 'slow'], join: { min_fraction: 0.5, late: 'keep' } } });
  const told = timeline(
    joined,
    ...opening,
    start(100, 'a'),
    start(100, 'slow'),
    done(200, 'a'),
    [210, 'j', 'join.released', { detail: { reason: 'quorum', late: ['slow'] } }],
    start(220, 'j'),
    done(300, 'j'),
    done(900, 'slow'),
  );
  expect(taskOf(told, 'j')?.queued_at).toBe(iso(210));
  expect(told.critical_path.map(({ task_id }) => task_id)).toEqual(['slow']);
});

test("a map task's children stand behind it, and its own time is not counted beside theirs", () => {
  const child = (id: string) => ({ task_id: id, kind: 'agent' });
  const told = timeline(
    plan({ m: { kind: 'map', map: { over: { input: 'list' } } }, z: { depends_on: ['m'] } }),
    ...opening,
    start(100, 'm'),
    [110, 'm', 'task.spawned', { detail: { tasks: [child('m.0'), child('m.1')] } }],
    start(120, 'm.0'),
    start(120, 'm.1'),
    done(320, 'm.0'),
    done(420, 'm.1'),
    done(430, 'm', { usage: null, confidence: null }),
    start(440, 'z'),
    done(500, 'z'),
  );
  expect(told.tasks.map(({ task_id, parent }) => [task_id, parent])).toEqual([
    ['m', null],
    ['m.0', 'm'],
    ['m.1', 'm'],
    ['z', null],
  ]);
  expect(taskOf(told, 'm.0')).toMatchObject({ queued_at: iso(110), started_at: iso(120), status: 'completed' });
  expect(taskOf(told, 'm')).toMatchObject({ attempts: [{ outcome: 'completed' }], metrics: { duration_ms: 330 } });
  expect(told).toMatchObject({ work_ms: 200 + 300 + 60, makespan_ms: 400 });
  expect(told.critical_path).toEqual([
    { task_id: 'm', duration_ms: 330 },
    { task_id: 'z', duration_ms: 60 },
  ]);
});

test('a hundred thousand tokens leave no trace but the first', () => {
  const state = emptyTimeline();
  const token: Omit<StreamEvent, 'name' | 'detail'> = {
    ...{ id: '', run_id: 'r', task_id: 'a', agent_id: 'a1', attempt: 1 },
    ...{ event_type: 'token', data: 'x', timestamp: iso(0) },
  };
  for (let i = 0; i < 100_000; i += 1) foldTimeline(state, { ...token, id: `${i}-0`, name: 'task.token', detail: {} });
  expect(JSON.stringify([...state.tasks]).length).toBeLessThan(1_000);
});

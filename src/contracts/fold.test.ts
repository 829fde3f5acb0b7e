import { expect, test } from 'vitest';
import { type EventDraft, eventCatalogue, type StreamEvent } from './event.ts';
import { emptyRun, foldEvent, foldEvents } from './fold.ts';
import { plainOptions } from './run-options.ts';

const RUN = `r${'a'.repeat(22)}`;

type Brief = Pick<EventDraft, 'name'> & Partial<Omit<EventDraft, 'name' | 'detail'>> & { detail?: object };

/** Events with ids 1-1, 2-1 ... from what matters to a test. */
function events(...drafts: readonly Brief[]): readonly StreamEvent[] {
  return drafts.map((draft, index) => {
    const event = {
      id: `${index + 1}-1`,
      run_id: RUN,
      task_id: 'root',
      agent_id: 'orchestrator',
      attempt: 1,
      event_type: eventCatalogue[draft.name].type,
      data: '',
      detail: {},
      timestamp: new Date(index).toISOString(),
      ...draft,
    };
    return event as StreamEvent; // each test gives the detail its event needs
  });
}

const plan: Brief = {
  name: 'plan.ready',
  detail: {
    reasoning: 'two parts',
    model: null,
    tasks: ['a', 'b'].map((task_id) => ({
      task_id,
      description: `do ${task_id}`,
      required_capability: 'custom',
      depends_on: [],
    })),
  },
};
const start = (task_id: string, attempt = 1): Brief => ({ name: 'task.started', task_id, agent_id: 'poet', attempt });
const token = (task_id: string, data: string, attempt = 1): Brief => ({ name: 'task.token', task_id, data, attempt });
const message = (task_id: string, data: string): Brief => ({ name: 'task.message', task_id, data });
const textOf = (task: string, list: readonly StreamEvent[]) =>
  foldEvents(list).tasks.find(({ task_id }) => task_id === task)?.text;

test("tokens of parallel tasks become each task's own text", () => {
  const list = events(
    plan,
    start('a'),
    start('b'),
    token('a', 'Ro'),
    token('b', 'Par'),
    token('a', 'se'),
    token('b', 'is'),
  );
  expect(foldEvents(list).tasks.map(({ task_id, text, status }) => [task_id, text, status])).toEqual([
    ['a', 'Rose', 'running'],
    ['b', 'Paris', 'running'],
  ]);
});

test('a later attempt voids the text before it, and only that of its own task', () => {
  const list = events(plan, start('a'), token('a', 'wro'), token('b', 'kept'), start('a', 2), token('a', 'right', 2));
  expect([textOf('a', list), textOf('b', list)]).toEqual(['right', 'kept']);
});

test('a repeated task.started of the same attempt voids nothing', () => {
  expect(textOf('a', events(plan, start('a'), token('a', 'one '), start('a'), token('a', 'two')))).toBe('one two');
});

test('messages stand apart by a blank line from what is before and after them', () => {
  const list = events(
    plan,
    start('a'),
    message('a', 'First.'),
    message('a', 'Second.'),
    token('a', 'th'),
    token('a', 'ird'),
  );
  expect(textOf('a', list)).toBe('First.\n\nSecond.\n\nthird');
});

test("a second attempt of the answer voids the first one's tokens, and the whole answer replaces them", () => {
  const said = (data: string, attempt: number): Brief => ({ name: 'answer.token', data, attempt });
  const list = events(start('root'), said('Half an', 1), start('root', 2), said('All', 2), said(' of it', 2));
  expect(foldEvents(list).answer.text).toBe('All of it');
  const whole = events(start('root'), said('All', 1), { name: 'answer.message', data: 'All of it.' });
  expect(foldEvents(whole).answer.text).toBe('All of it.');
});

test('the outcome of each task and of the run is kept with its reason', () => {
  const error = { code: 'agent_failed', message: 'out of ink' };
  const run = foldEvents(
    events(
      plan,
      { name: 'task.failed', task_id: 'a', detail: { error } },
      { name: 'task.skipped', task_id: 'b', detail: { reason: { code: 'dependency_failed', message: 'a failed' } } },
      { name: 'run.failed', detail: { error, usage: null } },
    ),
  );
  expect(run.tasks.map(({ status, error: reason }) => [status, reason?.message])).toEqual([
    ['failed', 'out of ink'],
    ['skipped', 'a failed'],
  ]);
  expect([run.status, run.error, run.ended, run.last_event_id]).toEqual(['failed', error, true, '4-1']);
});

test('folding makes a new value and leaves the one before as it was', () => {
  const [first, second] = events(plan, start('a'));
  if (first === undefined || second === undefined) throw new Error('two events expected');
  const before = foldEvent(emptyRun, first);
  foldEvent(before, second);
  expect(before.tasks[0]?.status).toBe('pending');
  expect(emptyRun.tasks).toEqual([]);
});

test('after a gap the run goes on from the snapshot, and says that events are missing', () => {
  const task = {
    ...{ task_id: 'a', description: '', required_capability: 'custom', depends_on: [] },
    ...{ kind: 'agent', status: 'completed' },
  };
  const result = {
    ...{
      task_id: 'a',
      agent_id: 'poet',
      status: 'completed',
      success: true,
      response: 'Rose',
      streaming_mode: 'static',
    },
    ...{ error: null, latency_ms: 5, attempts: 1, confidence: null, usage: null, truncated: false },
  };
  const snapshot = {
    ...{ run_id: RUN, status: 'running', query: 'q', created_at: '2026-01-01T00:00:00.000Z', ended_at: null },
    ...{ partial: false, links: { self: '', events: '', cancel: '' }, metadata: {}, plan: null, response: null },
    ...{ error: null, warnings: [], usage: null, model: null, options: plainOptions, mode: null, paused: false },
    ...{ interrupts: [], budget: null, fork: null, spawned: [], merge: null },
    tasks: [{ ...task, agent_id: 'poet', attempts: 1 }],
    results: [result],
  };
  const gap: Brief = { name: 'stream.gap', detail: { after: '1-1', resumes_at: '9-1', snapshot } };
  const completion = { status: 'completed', latency_ms: 9, confidence: null, usage: null, truncated: false };
  // The snapshot is newer than what is replayed after it: the rest of a's text is in it already.
  const run = foldEvents(events(gap, token('a', 'se'), { name: 'task.completed', task_id: 'a', detail: completion }));
  expect(run).toMatchObject({ gap: true, query: 'q', status: 'running' });
  expect(run.tasks[0]).toMatchObject({ text: 'Rose', status: 'completed', latency_ms: 5 });
});

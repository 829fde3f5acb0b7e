import { expect, test } from 'vitest';
import { type EventDraft, eventCatalogue, type StreamEvent } from '../contracts/event.ts';
import { clean, openPaint } from './paint.ts';
import { emptyView, renderEvent } from './render.ts';
import { renderTable } from './table.ts';

type Brief = Pick<EventDraft, 'name'> & Partial<Omit<EventDraft, 'name' | 'detail'>> & { detail?: object };

/** What a terminal shows of events that come 100 ms apart. */
function screen(briefs: readonly Brief[], colours = false): string {
  let view = emptyView;
  let text = '';
  for (const [index, brief] of briefs.entries()) {
    const head = { id: `${index + 1}-0`, run_id: 'r1', task_id: 'root', agent_id: 'orchestrator', attempt: 1 };
    const { type } = eventCatalogue[brief.name];
    const timestamp = new Date(index * 100).toISOString();
    const event = { ...head, event_type: type, data: '', detail: {}, timestamp, ...brief } as StreamEvent; // each test gives the detail its event needs
    const next = renderEvent(view, event, openPaint(colours));
    view = next.view;
    text += next.text;
  }
  return text;
}

const task = (task_id: string, required_capability: string, depends_on: string[] = []) => ({
  ...{ task_id, required_capability, depends_on },
  description: `do ${task_id}`,
});
const plan = (...tasks: object[]): Brief => ({
  name: 'plan.ready',
  detail: { reasoning: 'Two parts.', model: { name: 'gpt-4o', offline: true }, tasks },
});
const of = (task_id: string, agent_id: string) => {
  const detail = { status: 'completed', latency_ms: 412, confidence: null, usage: null, truncated: false };
  const said = (brief: Brief): Brief => ({ task_id, agent_id, ...brief });
  return {
    selected: said({ name: 'agent.selected', detail: { agent_id, candidates: [] } }),
    started: (attempt = 1) => said({ name: 'task.started', attempt }),
    token: (data: string, attempt = 1) => said({ name: 'task.token', data, attempt }),
    completed: said({ name: 'task.completed', detail }),
  };
};
const completed = (partial = false): Brief => ({
  name: 'run.completed',
  detail: { partial, warnings: [], usage: null },
});

test('a run reads from its query to a table of its tasks', () => {
  const [poet, guide] = [of('t1', 'poet'), of('t2', 'guide')];
  const shown = screen([
    { name: 'run.created', detail: { query: 'A poem and a capital', planned: false } },
    { name: 'run.phase', detail: { phase: 'planning', status: 'planning' } },
    plan(task('t1', 'text_generation'), task('t2', 'search', ['t1'])),
    { name: 'run.phase', detail: { phase: 'execution', status: 'running' } },
    ...[poet.started(), poet.selected, guide.started(), guide.selected],
    ...[poet.token('Ro'), guide.token('Par'), poet.token('ses\n'), guide.token('is'), guide.completed, poet.completed],
    { name: 'run.phase', detail: { phase: 'synthesis', status: 'synthesizing' } },
    ...['Roses ', 'in Paris'].map((data): Brief => ({ name: 'answer.token', data })),
    { name: 'answer.message', data: 'Roses in Paris' },
    completed(),
  ]);
  expect(shown).toBe(
    [
      'run r1',
      'A poem and a capital',
      'Planning',
      'Plan (offline model) Two parts.',
      '  t1 text_generation: do t1',
      '  t2 search: do t2 after t1',
      't1 started by poet',
      't2 started by guide',
      't1 │ Roses',
      't2 │ Paris',
      't2 completed in 0.41 s',
      't1 completed in 0.41 s',
      '',
      'Answer',
      'Roses in Paris',
      '',
      'task  capability       agent  status     attempts  time',
      't1    text_generation  poet   completed  1         0.41 s',
      't2    search           guide  completed  1         0.41 s',
      '',
      'run completed in 1.8 s',
      '',
    ].join('\n'),
  );
});

test('an attempt that starts over says that its text is void', () => {
  const poet = of('t1', 'poet');
  const shown = screen([
    plan(task('t1', 'custom')),
    poet.started(),
    poet.token('Wro'),
    poet.started(2),
    poet.token('Right', 2),
    poet.completed,
  ]);
  expect(shown).toContain('t1 │ Wro\nt1 starts over; its text so far is void\nt1 │ Right\nt1 completed');
});

test('an answer that did not come as tokens is shown whole', () => {
  expect(screen([{ name: 'answer.message', data: 'All of it' }, completed()])).toMatch(/^All of it\n/);
});

test('failures are told with their reasons', () => {
  const error = { code: 'agent_failed', message: 'out of ink' };
  const shown = screen([
    plan(task('t1', 'custom'), task('t2', 'custom')),
    { name: 'task.retrying', task_id: 't1', detail: { error, delay_ms: 1_500 } },
    { name: 'task.failed', task_id: 't1', detail: { error } },
    { name: 'task.skipped', task_id: 't2', detail: { reason: { code: 'dependency_failed', message: 't1 failed' } } },
    { name: 'run.failed', detail: { error: { code: 'run_failed', message: 'no task succeeded' }, usage: null } },
  ]);
  expect(shown).toContain('t1 failed: out of ink; again in 1.5 s\nt1 failed: out of ink\nt2 skipped: t1 failed\n');
  expect(shown).toMatch(/run failed in 0\.40 s: no task succeeded\n$/);
});

test('a run that lost tasks says that it is completed in part', () => {
  expect(screen([completed(true)])).toContain('run completed in part');
});

test('without colours there is not one escape sequence, whatever an agent sends', () => {
  const poet = of('t1', 'poet');
  const shown = screen([plan(task('t1', 'custom')), poet.token('\u001b[2J\u0007red\r\n'), poet.completed, completed()]);
  expect(shown).not.toContain('\u001b');
  expect(shown).toContain('t1 │ [2Jred\n');
  expect(clean('tab\tand\nline stay\u009b')).toBe('tab\tand\nline stay');
});

test('with colours two tasks have two', () => {
  const shown = screen([plan(task('t1', 'custom'), task('t2', 'custom'))], true);
  expect(shown).toContain('\u001b[36mt1\u001b[39m');
  expect(shown).toContain('\u001b[35mt2\u001b[39m');
});

test('a table cuts long cells and keeps its columns', () => {
  const table = renderTable([
    ['id', 'text'],
    ['a', 'x'.repeat(60)],
    ['long', 'two\nlines'],
  ]);
  expect(table).toBe(`id    text\na     ${'x'.repeat(39)}…\nlong  two lines`);
});

test('a run says what it waits for, and what came of reviews, votes and talks', () => {
  const said = (name: Brief['name'], data: string): Brief => ({
    name,
    data,
    task_id: name === 'run.enqueued' ? 'root' : 't1',
  });
  const shown = screen([
    said('run.enqueued', 'Waits for 1 earlier run(s) of its session...'),
    plan(task('t1', 'custom')),
    ...[
      said('review.scored', 'needs_revision 0.2'),
      said('vote.cast', 'a has answered'),
      said('talk.ended', 'It is done.'),
    ],
  ]);
  expect(shown).toMatch(/^Waits for 1 earlier run/);
  expect(shown).toContain('t1 reviewed: needs_revision 0.2\nt1 a has answered\nt1 talk ended: It is done.\n');
});

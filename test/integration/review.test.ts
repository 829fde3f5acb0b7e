import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventCatalogue, type StreamEvent } from '../../src/contracts/event.ts';
import { loadSpawned } from '../../src/journal/load-rounds.ts';
import { decideInterrupt } from '../../src/orchestrator/interrupts.ts';
import { panelCalls } from '../support/agents/panel.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';

const InterruptRequest = eventCatalogue['interrupt.requested'].detail;

let engine: Engine;
let count = 0;

beforeAll(async () => {
  engine = await openEngine({ agents: [fileURLToPath(new URL('../support/agents/panel.ts', import.meta.url))] });
});

afterAll(() => engine[Symbol.asyncDispose]());

const good = { acceptable: true, score: 0.9, feedback: '' };
const bad = { acceptable: false, score: 0.3, feedback: 'say more' };

/** A text by `author`, reviewed by `critic`, who says one verdict after the other and the last one for ever. */
function review(verdicts: readonly unknown[], spec: object = {}) {
  count += 1;
  return engine.runToEnd(
    planOf({
      w: { capability: 'text_generation', agent: 'author' },
      r: {
        ...{ after: ['w'], kind: 'review', capability: 'data_analysis', review: spec },
        input_data: { verdicts, input_key: `${count}` },
      },
    }),
  );
}

const outcomesOf = (events: readonly StreamEvent[]) =>
  events.flatMap((event) => (event.name === 'review.scored' ? [event.detail.outcome] : []));

test('work that is accepted goes on as it is, with the reviewer’s score', async () => {
  const { results, events } = await review([good]);
  expect(results.get('r')).toMatchObject({ status: 'completed', response: 'draft 0', quality: 0.9 });
  expect(outcomesOf(events)).toEqual(['approved']);
});

test('the author revises by the feedback with its earlier result, and what changed is told', async () => {
  const before = panelCalls.length;
  const { results, events } = await review([bad, good]);
  expect(results.get('r')).toMatchObject({ status: 'completed', response: 'draft 0, revised' });
  expect(outcomesOf(events)).toEqual(['needs_revision', 'approved']);
  const revision = panelCalls.slice(before).filter(({ agent }) => agent === 'author')[1]?.task;
  expect(revision?.description).toContain('say more');
  expect(revision?.context).toEqual({ w: 'draft 0' });
  const diffs = events.flatMap((event) => (event.name === 'review.scored' ? Object.values(event.detail.diffs) : []));
  expect(diffs.join()).toMatch(/-draft 0\n[\s\S]*\+draft 0, revised/);
});

test('a reviewer that never accepts ends after three revisions: accepted, with a warning', async () => {
  const { results, events, record } = await review([bad]);
  expect(outcomesOf(events)).toEqual(['needs_revision', 'needs_revision', 'needs_revision', 'escalated']);
  expect(results.get('r')).toMatchObject({ status: 'completed', response: 'draft 0, revised, revised, revised' });
  expect(results.get('r')?.warning).toBe('Not accepted after 3 revision(s).');
  expect(record.warnings?.join()).toContain('Not accepted after 3');
});

test('escalation may fail the task, or give it to a stronger agent', async () => {
  const failed = await review([bad], { max_revisions: 0, escalate: 'fail' });
  expect(failed.results.get('r')).toMatchObject({ status: 'failed', error: { code: 'review_failed' } });
  const stronger = await review([bad], { max_revisions: 1, escalate: 'stronger', stronger: 'strong' });
  expect(stronger.results.get('r')).toMatchObject({ status: 'completed', response: 'done well' });
});

test('a critical failure ends it at once', async () => {
  const { results, events } = await review([{ ...bad, critical: true }]);
  expect(results.get('r')).toMatchObject({ status: 'failed', error: { code: 'review_failed' } });
  expect(outcomesOf(events)).toEqual(['critical_failure']);
});

test('prose is asked for again once, and then escalates', async () => {
  const again = await review(['Looks fine to me!', good]);
  expect(outcomesOf(again.events)).toEqual(['unreadable', 'approved']);
  const never = await review(['Looks fine to me!']);
  expect(outcomesOf(never.events)).toEqual(['unreadable', 'escalated']);
});

test('a score below the one that is asked for is not accepted', async () => {
  const { events } = await review([{ ...good, score: 0.5 }, good], { min_score: 0.8 });
  expect(outcomesOf(events)).toEqual(['needs_revision', 'approved']);
});

test('several reviewed tasks give their texts by task, and only the one at fault is revised', async () => {
  count += 1;
  const { results } = await engine.runToEnd(
    planOf({
      a: { capability: 'text_generation', agent: 'author' },
      b: { capability: 'text_generation', agent: 'author' },
      r: {
        ...{ after: ['a', 'b'], kind: 'review', capability: 'data_analysis' },
        input_data: { verdicts: [{ ...bad, issues: [{ task: 'b', text: 'too short' }] }, good], input_key: `${count}` },
      },
    }),
  );
  expect(JSON.parse(results.get('r')?.response ?? '')).toEqual({ a: 'draft 0', b: 'draft 0, revised' });
});

test('a task may have a review of its own: dependents get what was accepted', async () => {
  count += 1;
  const { results, run } = await engine.runToEnd(
    planOf({
      w: {
        ...{ capability: 'data_analysis', review: { reviewer: 'critic' }, agent: 'scribe' },
        input_data: { verdicts: [bad, good], input_key: `${count}` },
      },
      end: { after: ['w'], capability: 'text_generation', agent: 'author' },
    }),
  );
  expect(results.get('w')).toMatchObject({ status: 'completed', response: 'note, noted', quality: 0.9 });
  expect(results.get('w.draft')).toMatchObject({ response: 'note', agent_id: 'scribe' });
  const end = panelCalls.find(({ task }) => task.task_id === 'end' && task.context.w !== undefined);
  expect([end?.task.context, results.size > 0, run.length]).toEqual([{ w: 'note, noted' }, true, 23]);
});

test('a reviewer is never the author: without another agent there is no verdict, and the work is escalated', async () => {
  count += 1;
  const { results, events } = await engine.runToEnd(
    planOf({
      w: { capability: 'data_analysis', agent: 'critic', input_data: { verdicts: ['my work'], input_key: `${count}` } },
      r: { after: ['w'], kind: 'review', capability: 'data_analysis', review: { reviewer: 'critic' } },
    }),
  );
  expect(outcomesOf(events)).toEqual(['escalated']);
  expect(results.get('r')).toMatchObject({ status: 'completed', response: 'my work' });
  expect(results.get('r')?.warning).toContain('it may not do this task');
});

/** Who may not do what a task added, child by child. */
async function barred(run: string, task: string) {
  const children = (await loadSpawned(engine.opened.store, run)).get(task) ?? [];
  return children.map((child) => child.task.not_agents?.toSorted());
}

test('whoever wrote any version may not review it, and whoever reviewed it may not revise it', async () => {
  count += 1;
  const input = { revises: false, verdicts: [bad, good], input_key: `${count}` };
  const { run, results } = await engine.runToEnd(
    planOf({
      w: { capability: 'text_generation', input_data: input },
      r: { ...{ after: ['w'], kind: 'review', capability: 'data_analysis' }, input_data: input },
    }),
  );
  expect(results.get('w')?.agent_id).toBe('author');
  expect(results.get('r.1')?.agent_id).toBe('strong'); // the author failed
  expect(await barred(run, 'r')).toEqual([['author'], ['critic'], ['author', 'strong']]);
});

test('of work that was done through others, all who did it are its authors', async () => {
  count += 1;
  const { run } = await engine.runToEnd(
    planOf({
      v: { kind: 'vote', capability: 'search', consensus: { agents: 2 } },
      m: {
        kind: 'map',
        capability: 'text_generation',
        agent: 'author',
        input_data: { l: [1] },
        map: { over: { input: 'l' } },
      },
      first: {
        ...{ after: ['v', 'm'], kind: 'review', capability: 'data_analysis' },
        ...{ review: { escalate: 'stronger', stronger: 'strong', max_revisions: 0, revise: ['m'] } },
        input_data: { verdicts: [bad], input_key: `${count}` },
      },
      second: {
        ...{ after: ['first'], kind: 'review', capability: 'data_analysis' },
        input_data: { verdicts: [good] },
      },
    }),
  );
  const voters = ['voter-1', 'voter-2'];
  expect(await barred(run, 'first')).toEqual([['author', ...voters], undefined]);
  expect(await barred(run, 'second')).toEqual([['author', 'strong', ...voters]]);
});

test('a stronger agent that fails too leaves the work as it was, and the warning says so', async () => {
  const { results } = await review([bad], { max_revisions: 0, escalate: 'stronger', stronger: 'nobody' });
  expect(results.get('r')).toMatchObject({ status: 'completed', response: 'draft 0' });
  expect(results.get('r')?.warning).toContain('the stronger agent did not do it either');
});

test('without anything to review a review fails', async () => {
  const { results } = await engine.runToEnd(
    planOf({
      w: { capability: 'search', retries: 0, agent: 'voter-1', input_data: { answers: { 'voter-1': 'fail' } } },
      r: { after: ['w'], kind: 'review', capability: 'data_analysis', on_dependency_failure: 'partial' },
    }),
  );
  expect(results.get('r')).toMatchObject({ status: 'failed', error: { code: 'review_failed' } });
});

test('escalation to a human waits for the decision, with the last text', async () => {
  count += 1;
  const run = await engine.submit(
    planOf({
      w: { capability: 'text_generation', agent: 'author' },
      r: {
        ...{ after: ['w'], kind: 'review', capability: 'data_analysis' },
        review: { max_revisions: 1, escalate: 'interrupt' },
        input_data: { verdicts: [bad], input_key: `${count}` },
      },
    }),
  );
  const { detail } = await engine.eventOf(run, ({ name }) => name === 'interrupt.requested');
  const { interrupt } = InterruptRequest.parse(detail);
  expect(interrupt).toMatchObject({ task_id: 'r', subject: 'output', content: 'draft 0, revised' });
  const edit = { decision: 'edit', hash: interrupt.hash, content: 'as I want it', reason: '' } as const;
  await decideInterrupt(engine.opened.flow, interrupt.id, edit);
  const { results } = await engine.ended(run);
  expect(results.get('r')).toMatchObject({ status: 'completed', response: 'as I want it' });
});

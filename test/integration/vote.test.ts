import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StreamEvent } from '../../src/contracts/event.ts';
import { panelCalls } from '../support/agents/panel.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf } from '../support/plans.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ agents: [fileURLToPath(new URL('../support/agents/panel.ts', import.meta.url))] });
});

afterAll(() => engine[Symbol.asyncDispose]());

type Answers = Readonly<Record<string, string>>;

const vote = (answers: Answers, consensus: object = {}, input: object = {}) =>
  engine.runToEnd(
    planOf({
      v: {
        ...{ kind: 'vote', capability: 'search', retries: 0, input_data: { answers, ...input } },
        consensus: { judge: 'judge', ...consensus },
      },
    }),
  );

const votesOf = (events: readonly StreamEvent[]) =>
  events.flatMap((event) => (event.name === 'vote.cast' ? [`${event.detail.voter} ${event.detail.agrees}`] : []));

const decisionsOf = (events: readonly StreamEvent[]) =>
  events.flatMap((event) => (event.name === 'vote.decided' ? [event.detail] : []));

test('two that agree decide, and the third is not asked', async () => {
  const before = panelCalls.length;
  const answers = { 'voter-1': 'Paris', 'voter-2': 'paris.', 'voter-3': ' PARIS ' };
  const { results, events } = await vote(answers);
  const asked = panelCalls.slice(before).map(({ agent }) => agent);
  expect(results.get('v')).toMatchObject({ status: 'completed', confidence: 1 });
  expect(Object.values(answers)).toContain(results.get('v')?.response);
  expect(new Set(asked).size).toBe(2);
  expect(votesOf(events).toSorted()).toEqual(asked.map((agent) => `${agent} true`).toSorted());
});

test('when the first ones differ the others decide, and dissent is told', async () => {
  const { results, events } = await vote({ 'voter-1': 'Rome', 'voter-2': 'Paris', 'voter-3': 'Paris' });
  expect(results.get('v')).toMatchObject({ status: 'completed', response: 'Paris' });
  expect(results.get('v')?.confidence).toBeCloseTo(2 / 3);
  expect(votesOf(events)).toEqual(['voter-1 null', 'voter-2 null', 'voter-3 true']);
  expect(decisionsOf(events)).toEqual([
    {
      by: 'majority',
      voters: ['voter-2', 'voter-3'],
      dissent: [{ voters: ['voter-1'], answer: 'Rome' }],
      reason: null,
    },
  ]);
});

test('all at once when it is not to stop early', async () => {
  const { events } = await vote({}, { early_stop: false });
  expect(votesOf(events).toSorted()).toEqual(['voter-1 true', 'voter-2 true', 'voter-3 true']);
});

test('three that all differ become one text', async () => {
  const answers = { 'voter-1': 'a', 'voter-2': 'b', 'voter-3': 'c' };
  const { results, events } = await vote(answers, {}, { judged: 'a, b or c' });
  expect(results.get('v')).toMatchObject({ status: 'completed', response: 'a, b or c' });
  expect(decisionsOf(events)).toEqual([
    { by: 'synthesis', voters: ['voter-1', 'voter-2', 'voter-3'], dissent: [], reason: null },
  ]);
});

test('a judge chooses one of the answers', async () => {
  const answers = { 'voter-1': 'a', 'voter-2': 'b', 'voter-3': 'c' };
  const { results, events } = await vote(answers, { mode: 'judge' });
  const last = panelCalls.at(-1)?.task.context ?? {}; // the judge's: it chooses the last one
  const response = Object.values(last).at(-1);
  expect(results.get('v')).toMatchObject({ status: 'completed', response });
  const others = Object.entries(answers).filter(([, answer]) => answer !== response);
  expect(decisionsOf(events)).toMatchObject([
    { by: 'judge', dissent: others.map(([voter, answer]) => ({ voters: [voter], answer })), reason: 'it is the last' },
  ]);
});

test('whoever judges has not voted, unless there is nobody else', async () => {
  const answers = { 'voter-1': 'a', 'voter-2': 'b', 'voter-3': 'c' };
  const hasJudgeVoted = async (agents: number) => {
    const { results } = await vote(answers, { mode: 'judge', judge: undefined, agents });
    const voters = Array.from({ length: agents }, (_, at) => results.get(`v.${at}`)?.agent_id);
    return voters.includes(results.get(`v.${agents}`)?.agent_id);
  };
  expect(await Promise.all([2, 3, 4].map(hasJudgeVoted))).toEqual([false, false, true]);
  const pinned = await vote({}, { mode: 'judge', judge: 'voter-1' });
  expect(votesOf(pinned.events).toSorted()).toEqual(['judge null', 'voter-2 null', 'voter-3 null']);
});

test('a vote among fewer than were wanted says so, and below a quorum that was asked for nobody is asked', async () => {
  const few = await vote({}, { agents: 5 });
  expect(few.results.get('v')?.warning).toBe('Only 3 of 5 agents could be asked.');
  const before = panelCalls.length;
  const none = await vote({}, { agents: 5, quorum: 4 });
  expect(none.results.get('v')).toMatchObject({ status: 'failed', error: { code: 'vote_undecided' } });
  expect(none.results.get('v')?.error?.message).toContain('Of 5 agents 3 can be asked');
  expect(panelCalls.length).toBe(before);
});

test('a judge that answers prose leaves the best answer, with a warning', async () => {
  const answers = { 'voter-1': 'a', 'voter-2': 'b', 'voter-3': 'c' };
  const { results, record } = await vote(answers, { mode: 'judge' }, { judged: 'I like them all.' });
  expect(results.get('v')).toMatchObject({ status: 'completed', warning: 'The judge chose none of the answers.' });
  expect(record.warnings?.join()).toContain('The judge chose none');
});

test('too few answers fail the task with a reason', async () => {
  const { results } = await vote({ 'voter-1': 'fail', 'voter-2': 'fail', 'voter-3': 'yes' });
  expect(results.get('v')).toMatchObject({ status: 'failed', error: { code: 'vote_undecided' } });
});

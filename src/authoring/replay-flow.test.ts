import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from '../agents/definition.ts';
import { type LoggedProgramStep, ProgramSteps } from '../contracts/program.ts';
import { replayFlow } from './replay-flow.ts';
import type { FlowTools } from './tools.ts';

const agent = defineAgent({
  id: 'a',
  capabilities: ['custom'],
  input: z.object({ n: z.number() }),
  output: z.object({ n: z.number() }),
  invoke: ({ n }) => ({ n }),
});
const input = (n: number) => ({ input: { n } });

type Flow = (tools: FlowTools) => unknown;

const ended = (
  key: string,
  n: number,
  rest: Partial<LoggedProgramStep> = {},
): LoggedProgramStep & { text: string } => ({
  ...{ key, task_id: `p.${key}`, status: 'completed', text: JSON.stringify({ n }) },
  ...rest,
});
const running = (key: string) => ended(key, 0, { status: 'running' });

async function replay(flow: Flow, steps: readonly (LoggedProgramStep & { text: string })[] = []) {
  const texts = Object.fromEntries(steps.map(({ task_id, text }) => [task_id, text]));
  return replayFlow({ flow, input: {}, log: { version: 1, steps: [...steps] }, texts });
}

async function nextOf(flow: Flow, steps: readonly (LoggedProgramStep & { text: string })[] = []) {
  const replayed = await replay(flow, steps);
  if (!('answer' in replayed) || 'error' in replayed.answer) throw new Error(JSON.stringify(replayed));
  const { steps: next, wake, cancel } = ProgramSteps.parse(replayed.answer);
  return { next: next.map(({ key, depends_on }) => [key, ...depends_on].join('<')), wake, cancel, given: next };
}

const errorOf = async (flow: Flow, steps: readonly (LoggedProgramStep & { text: string })[]) => {
  const replayed = await replay(flow, steps);
  return 'answer' in replayed && 'error' in replayed.answer ? replayed.answer.error : undefined;
};

const sum: Flow = async ({ task }) => {
  const first = await task(agent, input(1));
  const second = await task(agent, input(first.n + 1));
  return first.n + second.n;
};

test('it asks for one step after the other, with what the ones before gave, and ends with what it returns', async () => {
  expect(await nextOf(sum)).toMatchObject({ next: ['a'], wake: 'all', cancel: [] });
  const second = await nextOf(sum, [ended('a', 5)]);
  expect(second).toMatchObject({ next: ['a-2'], given: [{ input_data: { n: 6 }, agent: 'a' }] });
  expect(await replay(sum, [ended('a', 5), ended('a-2', 6)])).toEqual({ value: 11 });
});

test('the same log gives the same answer, digests included', async () => {
  const log = [ended('a', 5)];
  expect(await replay(sum, log)).toEqual(await replay(sum, log));
});

test('a step that begins otherwise than it did, or not at all, is named', async () => {
  const { given } = await nextOf(sum);
  const digest = given[0]?.digest ?? '';
  expect(await errorOf(sum, [ended('a', 5, { digest }), ended('a-2', 6, { digest })])).toEqual({
    code: 'program_diverged',
    message: 'Step "a-2" was begun with another task than the function gives it now.',
  });
  expect(await errorOf(sum, [ended('b', 5)])).toMatchObject({
    code: 'program_diverged',
    message: expect.stringContaining('"b" was begun'),
  });
});

test('several at once are waited for together when it can do nothing before, and one by one when it can', async () => {
  const steps = ({ task }: FlowTools) => [task(agent, input(1)), task(agent, input(2))] as const;
  expect(await nextOf(async (tools) => tools.all(steps(tools)))).toMatchObject({ next: ['a', 'a-2'], wake: 'all' });
  expect(await nextOf(async (tools) => Promise.all(steps(tools)))).toMatchObject({ wake: 'any' });
  expect(await nextOf(async (tools) => tools.race(steps(tools)))).toMatchObject({ wake: 'any' });
});

test('the order in which steps ended is the order in which it hears of them', async () => {
  const order: Flow = async ({ task }) => {
    const heard: number[] = [];
    const hear = async (n: number) => void heard.push((await task(agent, input(n))).n);
    await Promise.all([hear(1), hear(2)]);
    return heard;
  };
  expect(await replay(order, [ended('a-2', 2), ended('a', 1)])).toEqual({ value: [2, 1] });
});

test('a race that is won cancels what runs, and what was never begun is not begun', async () => {
  const flow: Flow = async ({ task, race }) => {
    const slow = task(agent, { ...input(1), key: 'slow' });
    const later = task(agent, { ...input(2), key: 'later', needs: [slow] });
    const won = await race([later, slow, task(agent, { ...input(3), key: 'fast' })]);
    return task(agent, { ...input(won.n), key: 'next' });
  };
  expect(await nextOf(flow)).toMatchObject({ next: ['slow', 'fast'] });
  expect(await nextOf(flow, [ended('fast', 3), running('slow')])).toMatchObject({ next: ['next'], cancel: ['slow'] });
});

test('what needs a share gets those that have ended, while a late one that is kept still runs', async () => {
  const flow: Flow = async ({ task, join }) => {
    const some = join([task(agent, input(1)), task(agent, input(2))], { min_fraction: 0.5, late: 'keep' });
    return task(agent, { ...input(3), key: 'end', needs: [some] });
  };
  expect(await nextOf(flow, [ended('a-2', 2), running('a')])).toMatchObject({
    next: ['end<a-2'],
    cancel: [],
    wake: 'any',
  });
});

test('a share of the steps is enough; when it cannot be had any more, that is an error', async () => {
  const flow: Flow = async ({ task, join }) =>
    join([task(agent, input(1)), task(agent, input(2)), task(agent, input(3))], { min_fraction: 0.6 });
  const bad = (key: string) => ended(key, 0, { status: 'failed', error: { code: 'agent_busy', message: 'full' } });
  expect(await replay(flow, [ended('a', 1), ended('a-3', 3), running('a-2')])).toEqual({
    value: [{ n: 1 }, undefined, { n: 3 }],
  });
  expect(await errorOf(flow, [bad('a'), bad('a-2'), running('a-3')])).toEqual({
    code: 'program_failed',
    message: 'Step "a" failed: full',
  });
});

test('what needs a step that failed fails with it, unless it takes what there is', async () => {
  const bad = ended('bad', 0, { status: 'failed', error: { code: 'agent_busy', message: 'full' } });
  const flow =
    (policy: 'skip' | 'partial'): Flow =>
    async ({ task }) =>
      task(agent, {
        ...input(1),
        key: 'end',
        on_dependency_failure: policy,
        needs: [task(agent, { ...input(0), key: 'bad' })],
      });
  expect(await errorOf(flow('skip'), [bad])).toMatchObject({
    message: 'Step "end" was skipped: Step "bad" failed: full',
  });
  expect(await nextOf(flow('partial'), [bad])).toMatchObject({ next: ['end<bad'] });
});

test('a review of its own is a second step, which gives the result', async () => {
  const flow: Flow = async ({ task }) => task(agent, { ...input(1), review: { reviewer: 'critic' } });
  expect(await nextOf(flow)).toMatchObject({ next: ['a.draft'] });
  const second = await nextOf(flow, [ended('a.draft', 1)]);
  expect(second).toMatchObject({ next: ['a<a.draft'], given: [{ kind: 'review', review: { reviewer: 'critic' } }] });
  expect(await replay(flow, [ended('a.draft', 1), ended('a', 2)])).toEqual({ value: { n: 2 } });
});

test('an answer that is not of its agent’s schema is an error that can be caught', async () => {
  const flow: Flow = async ({ task }) => {
    const caught: unknown = await task(agent, input(1)).then(undefined, (error: unknown) => error);
    return caught instanceof Error ? caught.message : 'none';
  };
  const wrong = { ...ended('a', 1), text: 'prose' };
  expect(await replay(flow, [wrong])).toEqual({ value: 'The result of "a" is no JSON: prose' });
});

test.each([
  ['waits for something else', async () => new Promise(() => undefined), 'none of its steps'],
  [
    'gives a join a time',
    async ({ task, join }: FlowTools) => join([task(agent, input(1))], { grace_ms: 5 }),
    'grace_ms needs a flow that is a graph',
  ],
  ['throws', async () => Promise.reject(new Error('no')), 'no'],
] as const)('a function that %s fails', async (_what, flow, message) => {
  expect(await errorOf(flow as Flow, [])).toMatchObject({
    code: 'program_failed',
    message: expect.stringContaining(message),
  });
});

test('more steps than one decision may have are asked for bit by bit', async () => {
  const flow: Flow = async ({ task, all }) => all(Array.from({ length: 150 }, (_, n) => task(agent, input(n))));
  const first = await nextOf(flow);
  expect([first.next.length, first.wake]).toEqual([100, 'any']);
});

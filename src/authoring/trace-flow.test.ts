import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineAgent } from '../agents/definition.ts';
import { orchestrate } from './orchestrate.ts';
import type { FlowTools } from './tools.ts';

const writer = defineAgent({ id: 'writer', capabilities: ['text_generation'], invoke: () => 'text' });
const checker = defineAgent({
  id: 'checker',
  capabilities: ['data_analysis'],
  output: z.object({ ok: z.boolean() }),
  invoke: () => ({ ok: true }),
});

const kindsOf = async (flow: { plan: () => Promise<{ sub_tasks: readonly { task_id: string; kind: string }[] }> }) =>
  (await flow.plan()).sub_tasks.map(({ task_id, kind }) => `${task_id} ${kind}`);
const graph = ['writer agent', 'checker agent'];
const program = ['f program'];

test('a function that waits for nothing is a graph: edges, names, joins and the answer', async () => {
  const flow = orchestrate({ id: 'f' }, async ({ task, all, race, join, approve }) => {
    const [a, b, c] = [task(writer), task(writer), task(writer, { key: 'third' })];
    const d = task(checker, { needs: [all([a, b]), c], after: [a] });
    const first = task(writer, { needs: [race([a, b])] });
    const most = task(writer, { needs: [join([a, b, c], { min_fraction: 0.5, grace_ms: 100 })] });
    return approve('Well?', { needs: [d, first, most] });
  });
  const { sub_tasks, answer } = await flow.plan();
  expect(
    sub_tasks.map(({ task_id, depends_on, after, join }) => [task_id, depends_on, after, join?.min_fraction]),
  ).toEqual([
    ['writer', [], [], undefined],
    ['writer-2', [], [], undefined],
    ['third', [], [], undefined],
    ['checker', ['writer', 'writer-2', 'third'], ['writer'], undefined],
    ['writer-3', ['writer', 'writer-2'], [], 0.5],
    ['writer-4', ['writer', 'writer-2', 'third'], [], 0.5],
    ['approval', ['checker', 'writer-3', 'writer-4'], [], undefined],
  ]);
  expect(answer).toEqual({ from: 'approval' });
});

test.each([
  [
    'returns its last step',
    orchestrate({ id: 'f' }, async ({ task }) => task(checker, { needs: [task(writer)] })),
    graph,
  ],
  ['is no async one', orchestrate({ id: 'f' }, ({ task }) => task(checker, { needs: [task(writer)] })), graph],
  [
    'returns nothing',
    orchestrate({ id: 'f' }, async ({ task }) => {
      task(checker, { needs: [task(writer)] });
    }),
    graph,
  ],
])('a function that %s is a graph', async (_what, flow, expected) => {
  expect(await kindsOf(flow)).toEqual(expected);
});

test.each([
  ['goes on after its wait', orchestrate({ id: 'f' }, async ({ task }) => `${await task(writer)}!`)],
  [
    'looks at a result without changing anything',
    orchestrate({ id: 'f' }, async ({ task }) => {
      const text = await task(writer);
      if (text === 'bad') throw new Error('bad');
      return text;
    }),
  ],
  [
    'begins a step after its wait',
    orchestrate({ id: 'f' }, async ({ task }) => {
      await task(writer);
      return task(checker);
    }),
  ],
  [
    'waits in a part of it',
    orchestrate({ id: 'f' }, async ({ task }) => {
      const part = async () => (await task(writer)).length;
      return Promise.all([part(), part()]);
    }),
  ],
  [
    'catches what a step fails with',
    orchestrate({ id: 'f' }, async ({ task }) => {
      try {
        return await task(writer);
      } catch {
        return task(checker);
      }
    }),
  ],
  [
    'loops for ever',
    orchestrate({ id: 'f' }, async ({ task }) => {
      for (;;) await task(writer);
    }),
  ],
  ['returns several', orchestrate({ id: 'f' }, async ({ task, all }) => all([task(writer), task(checker)]))],
  ['has no step', orchestrate({ id: 'f' }, async () => 'nothing to do')],
  [
    'races without anybody who needs it',
    orchestrate({ id: 'f' }, async ({ task, race }) => {
      void race([task(writer), task(writer)]);
    }),
  ],
  [
    'needs a race and something else',
    orchestrate({ id: 'f' }, async ({ task, race }) =>
      task(checker, { needs: [race([task(writer), task(writer)]), task(writer)] }),
    ),
  ],
])('a function that %s is a program', async (_what, flow) => {
  expect(await kindsOf(flow)).toEqual(program);
});

test('a plan has the input as it was given, checked, and pins the agent that serves the function', async () => {
  const flow = orchestrate(
    {
      id: 'f',
      description: 'Does it.',
      capabilities: ['search'],
      input: z.object({ n: z.number(), m: z.number().default(2) }),
    },
    async ({ input, task }) => `${await task(writer)} ${input.n + input.m}`,
  );
  expect(await flow.plan({ n: 1 })).toMatchObject({
    sub_tasks: [
      { task_id: 'f', agent: 'f', required_capability: 'search', description: 'Does it.', input_data: { n: 1 } },
    ],
    answer: { from: 'f' },
  });
  const wrong = { n: 'one' } as unknown as { n: number }; // what a program in JavaScript may give
  await expect(flow.plan(wrong)).rejects.toMatchObject({ code: 'invalid_request', faults: [{ path: 'n' }] });
});

test('what the function throws at once, whoever asks for its plan hears', async () => {
  const flow = orchestrate({ id: 'f' }, async () => Promise.reject(new Error('not today')));
  await expect(flow.plan()).rejects.toThrow('not today');
});

test.each([
  ['needs a result', ({ task }: FlowTools) => task(writer, { needs: ['text' as never] }), 'invalid_plan', 'came text.'],
  [
    'waits for a promise',
    ({ all }: FlowTools) => all([Promise.resolve(1) as never]),
    'invalid_plan',
    'before it is awaited',
  ],
  [
    'asks for nobody',
    ({ task }: FlowTools) => task('cooking' as never, {} as never),
    'config_invalid',
    'came cooking.',
  ],
] as const)('a function that %s hears what it was to give', async (_what, made, code, message) => {
  const plan = orchestrate({ id: 'f' }, async (tools) => void made(tools)).plan();
  await expect(plan).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

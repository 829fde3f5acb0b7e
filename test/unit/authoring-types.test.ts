// What the compiler knows: each line that must not compile says so, and `tsc` (npm run typecheck) fails when it does.
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  type AgentTask,
  approve,
  defineAgent,
  definePlan,
  type HumanDecision,
  type Orchestration,
  orchestrate,
  type Plan,
  type RunView,
  resultOf,
  task,
} from '../../src/authoring/baton.ts';

const writer = defineAgent({
  id: 'writer',
  capabilities: ['text_generation'],
  input: z.object({ topic: z.string(), words: z.number().default(100) }),
  output: z.object({ title: z.string(), tags: z.array(z.string()) }),
  invoke: (given) => {
    expectTypeOf(given.words).toEqualTypeOf<number>();
    expectTypeOf(given.context).toEqualTypeOf<Record<string, string>>();
    return { title: given.topic, tags: [] };
  },
});
const plain = defineAgent({
  id: 'plain',
  capabilities: ['search'],
  invoke: (given) => {
    expectTypeOf(given).toEqualTypeOf<AgentTask>();
    return 'text';
  },
});
type Written = { title: string; tags: string[] };
declare const run: RunView;

test('handlers are held to their schemas', () => {
  const about = { id: 'a', capabilities: ['custom'] } as const;
  const output = z.object({ title: z.string() });
  // @ts-expect-error its output has a title
  const untitled = () => defineAgent({ ...about, output, invoke: () => ({ name: 'x' }) });
  // @ts-expect-error what has an output has invoke
  const silent = () => defineAgent({ ...about, output, reply: 'x' });
  // @ts-expect-error there is no such capability
  const cook = () => defineAgent({ id: 'a', capabilities: ['cooking'], reply: 'x' });
  expectTypeOf([untitled, silent, cook]).toBeArray();
});

test('tasks take what their agents take, and their results are what these give', () => {
  const written = task(writer, { input: { topic: 'x' } });
  const many = task(writer, { map: { over: 'items' } });
  const text = task(plain);
  const found = task('search', { input: { anything: 1 } });
  // @ts-expect-error a topic is needed
  task(writer, { input: { words: 5 } });
  // @ts-expect-error an input is needed
  task(writer);
  // @ts-expect-error a topic is a text
  task(writer, { input: { topic: 5 } });
  // @ts-expect-error a need is a handle, not an id
  const named = () => task(plain, { needs: ['written'] });
  // @ts-expect-error there is no such option
  task(plain, { retry: 3 });
  // @ts-expect-error there is no such option, beside an input too
  task(writer, { input: { topic: 'x' }, retry: 3 });
  // @ts-expect-error there is no such field
  task(writer, { input: { topic: 'x', wrods: 3 } });
  // @ts-expect-error there is no such policy
  task(plain, { on_dependency_failure: 'ignore' });
  const typed = () => {
    expectTypeOf(resultOf(run, written)).toEqualTypeOf<Written>();
    expectTypeOf(resultOf(run, many)).toEqualTypeOf<readonly (Written | null)[]>();
    expectTypeOf(resultOf(run, text)).toEqualTypeOf<string>();
    expectTypeOf(resultOf(run, found)).toEqualTypeOf<string>();
    expectTypeOf(resultOf(run, approve('Go?'))).toEqualTypeOf<HumanDecision>();
  };
  expectTypeOf([typed, named]).toBeArray();
  expectTypeOf(definePlan({ tasks: { written, text } })).toEqualTypeOf<Plan>();
});

test('steps give what their agents give, alone and together, and a flow what its schema says', () => {
  const flow = orchestrate(
    {
      id: 'flow',
      input: z.object({ topic: z.string(), n: z.number().default(1) }),
      output: z.object({ best: z.string() }),
    },
    async ({ input, task: step, all, race, join, approve: ask }) => {
      expectTypeOf(input).toEqualTypeOf<{ topic: string; n: number }>();
      const one = step(writer, { input: { topic: input.topic } });
      const other = step(plain);
      expectTypeOf(await one).toEqualTypeOf<Written>();
      expectTypeOf(await all([one, other])).toEqualTypeOf<[Written, string]>();
      expectTypeOf(await race([one, other])).toEqualTypeOf<Written | string>();
      expectTypeOf(await join([one, other])).toEqualTypeOf<[Written | undefined, string | undefined]>();
      expectTypeOf((await ask('Go?')).decision).toEqualTypeOf<'approved' | 'edited' | 'rejected'>();
      // @ts-expect-error a topic is needed
      step(writer, { input: {} });
      return { best: (await one).title };
    },
  );
  expectTypeOf(flow).toExtend<Orchestration<{ topic: string }, { best: string }>>();
  const best = z.object({ best: z.string() });
  const planned = () => {
    // @ts-expect-error a topic is needed
    void flow.plan({});
    // @ts-expect-error its output has a best one
    orchestrate({ id: 'f', output: best }, async () => ({ worst: 'x' }));
    expectTypeOf(resultOf(run, flow)).toEqualTypeOf<{ best: string }>();
    expectTypeOf(
      resultOf(
        run,
        orchestrate({ id: 'g' }, async () => 5),
      ),
    ).toEqualTypeOf<string>();
    return flow.plan({ topic: 'x' });
  };
  expectTypeOf(planned).returns.resolves.toEqualTypeOf<Plan>();
  expectTypeOf(task(flow, { input: { topic: 'x' } })).toExtend<{ readonly [key: symbol]: unknown }>();
});

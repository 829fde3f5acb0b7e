// The same kind of graph as a function. It waits for none of its steps, so it is compiled to a plan; nobody has to serve the flow.
// Beside `npx baton start`: npx node examples/04-flow-that-is-a-graph.ts
import { defineAgent, openClient, orchestrate, resultOf, serveAgent } from 'baton';
import { z } from 'zod';

const Count = z.object({ text: z.string(), words: z.number() });
const counter = defineAgent({
  id: 'word-counter',
  capabilities: ['data_analysis'],
  input: z.object({ text: z.string() }),
  output: Count,
  invoke: ({ text, context }) => {
    const before = Object.values(context).map((found) => Count.parse(JSON.parse(found)).words);
    return { text, words: before.reduce((sum, words) => sum + words, text.split(' ').length) };
  },
});

const countBoth = orchestrate(
  { id: 'count-both', input: z.object({ left: z.string(), right: z.string() }), output: Count },
  async ({ input, task, all }) => {
    const left = task(counter, { key: 'left', input: { text: input.left } });
    const right = task(counter, { key: 'right', input: { text: input.right } });
    return task(counter, { key: 'sum', input: { text: 'together' }, needs: [all([left, right])] });
  },
);

const url = process.env.BATON_URL ?? 'http://127.0.0.1:4000';
await using _served = await serveAgent(counter, { batonUrl: url, concurrency: 4 });

const plan = await countBoth.plan({ left: 'two words', right: 'and three more' });
for (const { task_id, kind, depends_on } of plan.sub_tasks) console.log(`${task_id} (${kind}) needs [${depends_on}]`);
const client = openClient({ url });
const { run_id } = await client.submit({ plan });
console.log(`words: ${resultOf(await client.wait(run_id), countBoth).words}`);

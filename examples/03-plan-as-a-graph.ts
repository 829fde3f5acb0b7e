// A plan as a graph: what depends on what is said by handles, so a typing error does not compile and a cycle cannot be written.
// Beside `npx baton start`: npx node examples/03-plan-as-a-graph.ts
import { defineAgent, definePlan, openClient, resultOf, serveAgent, task } from 'baton';
import { z } from 'zod';

const writer = defineAgent({
  id: 'chapter-writer',
  capabilities: ['text_generation'],
  input: z.object({ part: z.string() }),
  output: z.object({ part: z.string(), builds_on: z.array(z.string()) }),
  invoke: ({ part, context }) => ({ part, builds_on: Object.keys(context) }),
});

const url = process.env.BATON_URL ?? 'http://127.0.0.1:4000';
await using _served = await serveAgent(writer, { batonUrl: url, concurrency: 4 });

const outline = task(writer, { input: { part: 'outline' } });
const history = task(writer, { input: { part: 'history' }, needs: [outline], priority: 'high' });
const outlook = task(writer, { input: { part: 'outlook' }, needs: [outline], timeout_ms: 30_000, retries: 1 });
const appendix = task(writer, { input: { part: 'appendix' }, after: [outline], optional: true });
const book = task(writer, {
  input: { part: 'book' },
  needs: [history, outlook, appendix],
  join: { min_fraction: 0.6, grace_ms: 2_000 },
});
const plan = definePlan({ name: 'book', tasks: { outline, history, outlook, appendix, book }, answer: book });

const client = openClient({ url });
const { run_id } = await client.submit({ plan });
const run = await client.wait(run_id);
console.log(`history builds on ${resultOf(run, history).builds_on}`);
console.log(`book builds on ${resultOf(run, book).builds_on.toSorted()}`);

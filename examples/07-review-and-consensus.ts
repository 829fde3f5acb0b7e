// Work that is reviewed before anybody gets it, and a question that several agents answer.
// Beside `npx baton start`: npx node examples/07-review-and-consensus.ts
import { defineAgent, definePlan, openClient, resultOf, serveAgent, task } from 'baton';
import { z } from 'zod';

const poet = defineAgent({
  id: 'poet',
  capabilities: ['text_generation'],
  invoke: ({ context }) => {
    const before = Object.values(context).at(-1);
    return before === undefined ? 'Roses are red.' : `${before} Violets are blue.`;
  },
});
const critic = defineAgent({
  id: 'critic',
  capabilities: ['text_generation'], // that of the work it reviews
  invoke: ({ context }) => {
    const acceptable = Object.values(context).some((text) => text.includes('Violets'));
    return JSON.stringify({
      acceptable,
      score: acceptable ? 0.9 : 0.3,
      feedback: acceptable ? '' : 'Where are the violets?',
    });
  },
});
const voters = ['ann', 'bob', 'cid'].map((name) =>
  defineAgent({
    id: `voter-${name}`,
    capabilities: ['summarization'],
    priority: 50, // asked before the agents that are there already
    input: z.object({ question: z.string() }),
    invoke: () => (name === 'bob' ? 'no' : 'yes'),
  }),
);

const url = process.env.BATON_URL ?? 'http://127.0.0.1:4000';
await using served = new AsyncDisposableStack();
for (const agent of [poet, critic, ...voters]) served.use(await serveAgent(agent, { batonUrl: url }));

const poem = task(poet, { description: 'Write a poem about flowers.', review: { reviewer: 'critic', min_score: 0.8 } });
const verdict = task('summarization', {
  input: { question: 'Is it worth printing?' },
  consensus: { agents: 3, early_stop: false },
  needs: [poem],
});
const client = openClient({ url });
const { run_id } = await client.submit({ plan: definePlan({ tasks: { poem, verdict }, answer: poem }) });
const run = await client.wait(run_id);
console.log(resultOf(run, poem));
const { confidence } = run.results.find(({ task_id }) => task_id === 'verdict') ?? {};
console.log(`printed: ${resultOf(run, verdict)} (${((confidence ?? 0) * 3).toFixed(0)} of 3)`);

// A flow that goes by its results: `if`, loops, try and catch. Each step is recorded as it ends, so the flow survives every process:
// it is run again with what it knows, and no step that has ended is called twice.
// Beside `npx baton start`: npx node examples/05-flow-that-branches.ts
import { BatonError, defineAgent, openClient, orchestrate, resultOf, serveAgent } from 'baton';
import { z } from 'zod';

const scorer = defineAgent({
  id: 'draft-scorer',
  capabilities: ['data_analysis'],
  input: z.object({ draft: z.string() }),
  output: z.object({ score: z.number() }),
  invoke: ({ draft }) => ({ score: draft.split('!').length / 4 }),
});
const archive = defineAgent({
  id: 'archive',
  capabilities: ['search'],
  invoke: () => {
    throw new Error('closed today');
  },
});

const improve = orchestrate(
  {
    id: 'improve',
    input: z.object({ draft: z.string() }),
    output: z.object({ draft: z.string(), rounds: z.number() }),
  },
  async ({ input: { draft }, task }) => {
    let rounds = 0;
    while ((await task(scorer, { input: { draft } })).score < 1) {
      draft += '!';
      rounds += 1;
    }
    try {
      await task(archive, { retries: 0 });
    } catch (error) {
      if (error instanceof BatonError) draft += ` (not archived: ${error.code})`;
    }
    return { draft, rounds };
  },
);

const url = process.env.BATON_URL ?? 'http://127.0.0.1:4000';
await using _scorer = await serveAgent(scorer, { batonUrl: url });
await using _archive = await serveAgent(archive, { batonUrl: url, log: () => undefined });
await using _flow = await serveAgent(improve, { batonUrl: url }); // it branches, so it is asked what comes next

const client = openClient({ url });
const { run_id } = await client.submit({ plan: await improve.plan({ draft: 'Buy this' }) });
const { draft, rounds } = resultOf(await client.wait(run_id), improve);
console.log(`${draft} after ${rounds} rounds`);

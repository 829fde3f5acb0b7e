// Runs that belong together, and values that the agents of one run share.
// Beside `npx baton start`: npx node examples/08-session-and-state.ts
import { defineAgent, definePlan, openClient, resultOf, serveAgent, task } from 'baton';
import { z } from 'zod';

const teller = defineAgent({
  id: 'teller',
  capabilities: ['data_analysis'],
  input: z.object({ coins: z.number() }),
  output: z.object({ sum: z.number() }),
  // Many may change it at once: each change is made on what is there then.
  invoke: async ({ coins }, { state }) => ({
    sum: Number(await state.update('sum', (sum) => Number(sum ?? 0) + coins)),
  }),
});

const url = process.env.BATON_URL ?? 'http://127.0.0.1:4000';
await using _served = await serveAgent(teller, { batonUrl: url, concurrency: 8 });
const client = openClient({ url });
const session_id = `till-${process.pid}`;

const count = async (coins: readonly number[]): Promise<number> => {
  const tasks = coins.map((each) => task(teller, { input: { coins: each } }));
  const total = task(teller, { input: { coins: 0 }, needs: tasks, state: ['sum'] });
  const named = Object.fromEntries(tasks.map((each, at) => [`t${at + 1}`, each]));
  const { run_id } = await client.submit({
    session_id,
    plan: definePlan({ tasks: { ...named, total }, answer: total }),
  });
  return resultOf(await client.wait(run_id), total).sum;
};

console.log(`first run: ${await count([1, 2, 5, 10])}`);
console.log(`second run: ${await count([20, 50])}`); // its state is its own
const { runs } = await client.session(session_id);
console.log(`${runs.length} runs in the session`);

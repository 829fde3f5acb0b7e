// An agent whose zod schemas are its contract: what it is given, and what whoever asks it gets.
// Beside `npx baton start`: npx node examples/02-agent-with-schemas.ts
import { BatonError, defineAgent, definePlan, openClient, resultOf, serveAgent, task } from 'baton';
import { z } from 'zod';

const pricer = defineAgent({
  id: 'pricer',
  capabilities: ['data_analysis'],
  input: z.object({ item: z.string().min(2), count: z.int().positive().default(1) }),
  output: z.object({ item: z.string(), total: z.number() }),
  invoke: ({ item, count }) => ({ item, total: count * item.length * 0.5 }),
});

const url = process.env.BATON_URL ?? 'http://127.0.0.1:4000';
await using _served = await serveAgent(pricer, { batonUrl: url });
const client = openClient({ url });

const price = task(pricer, { input: { item: 'lamp', count: 3 } }); // { item: 3 } would not compile
const { run_id } = await client.submit({ plan: definePlan({ tasks: { price }, answer: price }) });
const { item, total } = resultOf(await client.wait(run_id), price);
console.log(`${item}: ${total.toFixed(2)}`);

const wrong = task(pricer, { input: { item: 'x' }, timeout_ms: 1_000 }); // too short for the schema, which types cannot say
const refused = await client.submit({ plan: definePlan({ tasks: { wrong }, answer: wrong }) });
try {
  resultOf(await client.wait(refused.run_id), wrong);
} catch (error) {
  console.log(error instanceof BatonError ? `refused: ${error.code}` : error);
}

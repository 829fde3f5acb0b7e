// The first one of several, a share of several, and a human.
// Beside `npx baton start`: npx node examples/06-race-join-approve.ts
import { setTimeout as pause } from 'node:timers/promises';
import { defineAgent, openClient, orchestrate, resultOf, serveAgent } from 'baton';
import { z } from 'zod';

const mirror = defineAgent({
  id: 'mirror',
  capabilities: ['search'],
  input: z.object({ site: z.string(), ms: z.number() }),
  output: z.object({ site: z.string() }),
  invoke: async ({ site, ms }, { signal }) => {
    await pause(ms, undefined, { signal }); // ends when the race is over
    return { site };
  },
});

const publish = orchestrate({ id: 'publish' }, async ({ task, race, join, approve }) => {
  const ask = (site: string, ms: number) => task(mirror, { key: site, input: { site, ms } });
  const first = await race([ask('near', 10), ask('far', 60_000)]);
  const some = await join([ask('a', 10), ask('b', 10), ask('c', 60_000)], { min_fraction: 0.6 });
  const count = some.filter((each) => each !== undefined).length;
  const { decision, text } = await approve(`Publish from ${first.site} with ${count} copies?`);
  return decision === 'rejected' ? 'not published' : `${decision}: ${text}`;
});

const url = process.env.BATON_URL ?? 'http://127.0.0.1:4000';
await using _mirror = await serveAgent(mirror, { batonUrl: url, concurrency: 8 });
await using _flow = await serveAgent(publish, { batonUrl: url });

const client = openClient({ url });
const { run_id } = await client.submit({ plan: await publish.plan() });
for await (const event of client.stream(run_id)) {
  if (event.name !== 'interrupt.requested') continue;
  const { interrupts } = await client.interrupts({ run: run_id }); // anybody may answer, from anywhere, days later
  for (const { id, hash, content } of interrupts) {
    console.log(`asked: ${JSON.parse(content).description}`);
    await client.decide(id, { decision: 'edit', hash, content: 'on Monday' });
  }
}
console.log(resultOf(await client.run(run_id), publish));

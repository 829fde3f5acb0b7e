// An agent in TypeScript that writes word by word: `npx node examples/agents/writer.ts` beside a running `baton start`.
import { setTimeout as pause } from 'node:timers/promises';
import { defineAgent, serveAgent } from 'baton/agent';

const writer = defineAgent({
  id: 'writer',
  name: 'Example writer',
  capabilities: ['text_generation'],
  skills: ['verse'],
  payload_schema: { optional_fields: { lines: 'integer' } },
  async *stream({ description, context, lines = 2 }, { signal }) {
    const subject = Object.values(context).join(' ') || description;
    for (let line = 1; line <= Number(lines); line += 1) {
      for (const word of `The ${line === 1 ? 'day' : 'night'} is good, and so is ${subject}.`.split(' ')) {
        await pause(20, undefined, { signal }); // stops when nobody listens any more
        yield `${word} `;
      }
    }
  },
});

await serveAgent(writer, {
  batonUrl: process.env.BATON_URL ?? 'http://127.0.0.1:4000',
  concurrency: 8, // calls at once; 64 more may wait, then callers get 429
  remember: 100, // a call that comes twice is worked on once
});

// An agent of one's own: `npx node examples/agents/shouter.ts` beside a running `baton start`.
import { serveAgent } from 'baton/agent';

await serveAgent({
  id: 'shouter',
  capabilities: ['custom'],
  async *stream(task) {
    for (const word of task.description.split(' ')) yield `${word.toUpperCase()} `;
  },
});

// A query, planned and answered while you read. Beside `npx baton start`: npx node examples/01-stream-a-query.ts
import { openClient } from 'baton';

const client = openClient({ url: process.env.BATON_URL ?? 'http://127.0.0.1:4000' });
const query = 'Write a short poem about artificial intelligence and also look up the capital of France.';

for await (const event of client.submitAndStream({ query })) {
  if (event.name === 'plan.ready') console.log(`${event.detail.tasks.length} tasks`);
  if (event.name === 'task.completed') console.log(`${event.task_id} was done by ${event.agent_id}`);
  if (event.name === 'answer.token') process.stdout.write(event.data);
  if (event.name === 'run.completed') console.log('\nThe run has ended.');
}

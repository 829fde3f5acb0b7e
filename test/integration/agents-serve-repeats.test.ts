import { describe, expect, test } from 'vitest';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import { serveAgent } from '../../src/agents/serve.ts';
import { about, alone, heldHandler, post, task } from '../support/served-agent.ts';

const remembering = { ...alone, remember: 2 };
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });

/** Counts how often its handler ran, and says the number. */
function counter(): AgentDefinition & { readonly runs: () => number } {
  let runs = 0;
  return {
    ...about,
    runs: () => runs,
    async *stream() {
      runs += 1;
      yield 'run ';
      yield String(runs);
    },
  };
}

const say = async (url: string, key: string, body = task) => {
  const answer = await post(`${url}/invoke`, { body, ...keyed(key) });
  return ((await answer.json()) as { response: string }).response; // what /invoke answers
};

describe('a served agent that remembers its answers', () => {
  test('gives a repeated call the same answer at either door, and runs its handler once', async () => {
    const agent = counter();
    await using served = await serveAgent(agent, remembering);
    expect(await say(served.url, 'a')).toBe('run 1');
    expect(await say(served.url, 'a')).toBe('run 1');
    const stream = await (await post(`${served.url}/stream`, keyed('a'))).text();
    expect(stream.match(/"token":"[^"]*"/g)).toEqual(['"token":"run "', '"token":"1"']);
    expect(stream).toContain('"type":"done"');
    expect(await say(served.url, 'b')).toBe('run 2');
    expect(agent.runs()).toBe(2);
  });

  test('refuses another body under the same key with 422', async () => {
    await using served = await serveAgent(counter(), remembering);
    await say(served.url, 'a');
    const answer = await post(`${served.url}/invoke`, { body: task.replace('Say', 'Sing'), ...keyed('a') });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'idempotency_conflict' });
  });

  test('keeps as many as it was told, the latest', async () => {
    const agent = counter();
    await using served = await serveAgent(agent, remembering);
    for (const key of ['a', 'b', 'c']) await say(served.url, key);
    expect([await say(served.url, 'c'), await say(served.url, 'b')]).toEqual(['run 3', 'run 2']);
    expect(await say(served.url, 'a')).toBe('run 4');
  });

  test('keeps no more bytes than it may', async () => {
    let runs = 0;
    const long: AgentDefinition = {
      ...about,
      invoke: () => {
        runs += 1;
        return 'x'.repeat(900_000);
      },
    };
    await using served = await serveAgent(long, { ...alone, remember: 100 });
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    for (const key of keys) await say(served.url, key);
    await say(served.url, 'k19');
    expect(runs).toBe(20);
    await say(served.url, 'k0');
    expect(runs).toBe(21);
  });

  test('lets a repeated call hear one that still runs, from its beginning', async () => {
    const go = Promise.withResolvers<void>();
    let runs = 0;
    const slow: AgentDefinition = {
      ...about,
      async *stream() {
        runs += 1;
        yield 'first ';
        await go.promise;
        yield 'last';
      },
    };
    await using served = await serveAgent(slow, remembering);
    const first = await post(`${served.url}/stream`, keyed('a'));
    const second = await post(`${served.url}/stream`, keyed('a'));
    go.resolve();
    const [one, two] = await Promise.all([first.text(), second.text()]);
    expect(one).toBe(two);
    expect(one).toContain('last');
    expect(runs).toBe(1);
  });

  test('goes on when the first caller leaves and another one still listens', async () => {
    const held = heldHandler();
    const two = { ...remembering, concurrency: 1, queue: 1 };
    await using served = await serveAgent({ ...about, invoke: held.invoke }, two);
    const leaver = new AbortController();
    const first = post(`${served.url}/invoke`, { ...keyed('a'), signal: leaver.signal }).catch(() => 'left');
    const call = await held.next();
    const second = await post(`${served.url}/stream`, keyed('a'));
    const third = async () => (await post(`${served.url}/invoke`, { body: `${task} `, ...keyed('a') })).status;
    expect(await third()).toBe(429);
    leaver.abort();
    expect(await first).toBe('left');
    // There is room again: so the agent knows that one has left.
    await expect.poll(third).toBe(422);
    call.finish('heard');
    expect(await second.text()).toContain('heard');
    expect(held.calls).toHaveLength(1);
  });

  test('tells its handler when all callers have left, and begins anew when one comes back', async () => {
    const held = heldHandler();
    await using served = await serveAgent({ ...about, invoke: held.invoke }, remembering);
    const leaver = new AbortController();
    const first = post(`${served.url}/invoke`, { ...keyed('a'), signal: leaver.signal }).catch(() => 'left');
    const { context } = await held.next();
    leaver.abort();
    await first;
    await expect.poll(() => context.signal.aborted).toBe(true);
    const second = post(`${served.url}/invoke`, keyed('a'));
    (await held.next()).finish('again');
    expect(await (await second).json()).toMatchObject({ response: 'again' });
  });

  test('runs a failed call again, and all who heard it hear its failure', async () => {
    const go = Promise.withResolvers<void>();
    let runs = 0;
    const failing: AgentDefinition = {
      ...about,
      async *stream() {
        runs += 1;
        if (runs > 1) return;
        yield 'half ';
        await go.promise;
        throw new Error('no more ink');
      },
    };
    await using served = await serveAgent(failing, remembering);
    const calls = await Promise.all([1, 2].map(() => post(`${served.url}/stream`, keyed('a'))));
    go.resolve();
    for (const call of calls) expect(await call.text()).toContain('no more ink');
    expect(await say(served.url, 'a')).toBe('');
    expect(runs).toBe(2);
  });

  test('takes the human answer to its question under the same key, and remembers only what it says then', async () => {
    let runs = 0;
    const asking: AgentDefinition = {
      ...about,
      invoke: (given) => {
        runs += 1;
        return given.human_answer === undefined ? { question: 'which?', resume: 'r' } : `run ${runs}`;
      },
    };
    await using served = await serveAgent(asking, remembering);
    const asked = await post(`${served.url}/stream`, keyed('a'));
    expect(await asked.text()).toContain('"question":"which?"');
    const answered = JSON.stringify({ ...JSON.parse(task), human_answer: { text: 'this', resume: 'r' } });
    expect(await say(served.url, 'a', answered)).toBe('run 2');
    expect(await say(served.url, 'a', answered)).toBe('run 2');
  });

  test('counts a call that is heard twice as one that runs', async () => {
    const held = heldHandler();
    await using served = await serveAgent({ ...about, invoke: held.invoke }, { ...remembering, concurrency: 1 });
    const both = [1, 2].map(() => post(`${served.url}/invoke`, keyed('a')));
    (await held.next()).finish('once');
    for (const call of await Promise.all(both)) expect(await call.json()).toMatchObject({ response: 'once' });
    const health = await fetch(`${served.url}/health`);
    expect(await health.json()).toMatchObject({ running: 0, queued: 0 });
    const next = post(`${served.url}/invoke`, keyed('b'));
    (await held.next()).finish();
    expect((await next).status).toBe(200);
  });
});

test('a served agent that remembers nothing runs its handler for every call', async () => {
  const agent = counter();
  await using served = await serveAgent(agent, alone);
  expect([await say(served.url, 'a'), await say(served.url, 'a')]).toEqual(['run 1', 'run 2']);
  expect(await say(served.url, 'a', task.replace('Say', 'Sing'))).toBe('run 3');
});

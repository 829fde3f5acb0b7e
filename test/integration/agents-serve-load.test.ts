import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AgentDefinition } from '../../src/agents/definition.ts';
import { serveAgent } from '../../src/agents/serve.ts';
import { openScriptedServer } from '../support/scripted-server.ts';
import { about, alone, heldHandler, post, task } from '../support/served-agent.ts';

const healthOf = async (url: string) => {
  const answer = await fetch(`${url}/health`);
  const report = (await answer.json()) as object; // GET /health answers one
  return { code: answer.status, ...report };
};

describe('a served agent takes on what it can', () => {
  test('says in its descriptor how many calls it takes at once, unless the definition does', async () => {
    await using served = await serveAgent({ ...about, invoke: () => 'x' }, { ...alone, concurrency: 3 });
    expect(served.descriptor.max_concurrent_tasks).toBe(3);
    await using other = await serveAgent({ ...about, max_concurrent_tasks: 7, invoke: () => 'x' }, alone);
    expect(other.descriptor.max_concurrent_tasks).toBe(7);
  });

  test('runs as many as it may, lets as many wait, and sends the next away with a time to come back', async () => {
    const held = heldHandler();
    await using served = await serveAgent({ ...about, invoke: held.invoke }, { ...alone, concurrency: 1, queue: 1 });
    expect(await healthOf(served.url)).toMatchObject({ code: 200, status: 'ok', running: 0, queued: 0 });
    const first = post(`${served.url}/invoke`);
    const running = await held.next();
    const second = post(`${served.url}/stream`);
    await expect.poll(() => healthOf(served.url)).toMatchObject({ code: 200, status: 'busy', running: 1, queued: 1 });

    const third = await post(`${served.url}/invoke`);
    expect(third.status).toBe(429);
    expect(third.headers.get('content-type')).toBe('application/problem+json');
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await third.json()).toMatchObject({ code: 'agent_busy' });
    expect(held.calls).toHaveLength(1);

    running.finish('one');
    expect(await (await first).json()).toMatchObject({ response: 'one' });
    (await held.next()).finish('two');
    expect(await (await second).text()).toContain('two');
    expect(await healthOf(served.url)).toMatchObject({ running: 0, queued: 0 });
  });

  test('gives the place of a caller that has left the queue to the next one', async () => {
    const held = heldHandler();
    await using served = await serveAgent({ ...about, invoke: held.invoke }, { ...alone, concurrency: 1, queue: 1 });
    const first = post(`${served.url}/invoke`);
    const running = await held.next();
    const leaver = new AbortController();
    const left = post(`${served.url}/invoke`, { signal: leaver.signal });
    await expect.poll(() => healthOf(served.url)).toMatchObject({ queued: 1 });
    leaver.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(() => healthOf(served.url)).toMatchObject({ queued: 0, running: 1 });

    const third = post(`${served.url}/invoke`, { body: task.replace('t1', 't3') });
    await expect.poll(() => healthOf(served.url)).toMatchObject({ queued: 1 });
    running.finish();
    await first;
    const next = await held.next();
    expect(next.task.task_id).toBe('t3');
    next.finish();
    expect((await third).status).toBe(200);
  });

  test('closes the connection of a caller that does not read, and is free again', async () => {
    const endless: AgentDefinition = {
      ...about,
      timeout_seconds: 0.3,
      async *stream(_task, { signal }) {
        while (!signal.aborted) yield 'x'.repeat(100_000);
      },
    };
    await using served = await serveAgent(endless, alone);
    const headers = { 'content-type': 'application/json' };
    const request = openRequest(`${served.url}/stream`, { method: 'POST', headers });
    request.end(task);
    const [response] = await once(request, 'response');
    response.on('error', () => undefined); // the connection that is closed
    await expect.poll(() => healthOf(served.url)).toMatchObject({ running: 1 });
    await expect.poll(() => healthOf(served.url), { timeout: 5_000 }).toMatchObject({ running: 0 });
    response.destroy();
  });

  test.each([
    ['concurrency', 0],
    ['queue', -1],
    ['remember', 1.5],
    ['drainMs', Number.NaN],
  ])('is not served with %s %f', async (name, value) => {
    const serving = serveAgent({ ...about, invoke: () => 'x' }, { ...alone, [name]: value });
    await expect(serving).rejects.toThrow(`${name}: expected a whole number`);
  });
});

describe('the health of a served agent', () => {
  const answers: readonly [string, () => boolean | Promise<boolean>, number, string][] = [
    ['well', () => true, 200, 'ok'],
    ['not well', () => Promise.resolve(false), 503, 'failing'],
    ['broken in its own check', () => Promise.reject(new Error('no disk')), 503, 'failing'],
    ['silent', () => new Promise(() => {}), 503, 'failing'],
  ];
  test.each(answers)('when it is %s', async (_how, health, code, status) => {
    await using served = await serveAgent({ ...about, invoke: () => 'x' }, { ...alone, health });
    expect(await healthOf(served.url)).toMatchObject({ code, status, agent_id: 'probe' });
  });

  test('keeps it from the registry while it does not serve', async () => {
    let well = true;
    let asked = 0;
    const logged: string[] = [];
    const health = () => {
      asked += 1;
      return well;
    };
    await using registry = await openScriptedServer((response) => void response.writeHead(204).end());
    const log = (message: string) => void logged.push(message);
    const options = { batonUrl: registry.url, heartbeatMs: 20, signals: false, log, health };
    await using _served = await serveAgent({ ...about, invoke: () => 'x' }, options);
    for (let calls = 0; calls < 3; calls += 1) await registry.next();
    well = false;
    await expect.poll(() => logged.at(-1)).toContain('does not serve');
    const before = { heard: registry.received.length, asked };
    await expect.poll(() => asked).toBeGreaterThan(before.asked + 2);
    expect(registry.received).toHaveLength(before.heard);
    well = true;
    await expect.poll(() => registry.received.length).toBeGreaterThan(before.heard);
    expect(logged).toHaveLength(2);
  });
});

describe('a served agent that closes', () => {
  test('leaves the registry first, then sends new calls away, lets running ones end, and frees its port', async () => {
    const order: string[] = [];
    const removal = Promise.withResolvers<void>();
    await using registry = await openScriptedServer(async (response, { method }) => {
      if (method === 'DELETE') {
        order.push('removed');
        await removal.promise;
      }
      response.writeHead(204).end();
    });
    const held = heldHandler();
    const options = { batonUrl: registry.url, signals: false, concurrency: 1, log: () => undefined };
    const served = await serveAgent({ ...about, invoke: held.invoke }, options);
    const first = post(`${served.url}/invoke`);
    const running = await held.next();
    const queued = post(`${served.url}/invoke`);
    await expect.poll(() => healthOf(served.url)).toMatchObject({ queued: 1 });

    const closing = served.close().then(() => order.push('closed'));
    await expect.poll(() => order).toEqual(['removed']);
    expect(await healthOf(served.url)).toMatchObject({ code: 503, status: 'draining', running: 1 });
    const taken = post(`${served.url}/invoke`);
    await expect.poll(() => healthOf(served.url)).toMatchObject({ queued: 2 });
    removal.resolve();
    expect([(await queued).status, (await taken).status]).toEqual([503, 503]);
    const late = await post(`${served.url}/invoke`);
    expect(late.status).toBe(503);
    expect(await late.json()).toMatchObject({ code: 'draining' });
    expect(order).toEqual(['removed']);

    running.finish('still');
    expect(await (await first).json()).toMatchObject({ response: 'still' });
    await closing;
    await expect(fetch(`${served.url}/health`)).rejects.toThrow();
  });

  test('ends what still runs when its time is over, and tells the handler', async () => {
    const held = heldHandler();
    const served = await serveAgent({ ...about, invoke: held.invoke }, { ...alone, drainMs: 50 });
    const call = post(`${served.url}/invoke`).catch((error: unknown) => error);
    const { context } = await held.next();
    await served.close();
    await expect.poll(() => context.signal.aborted).toBe(true);
    expect(await call).toBeInstanceOf(TypeError);
  });

  test('drains at the first SIGTERM and ends at the second', async () => {
    const program = `
      import { serveAgent } from ${JSON.stringify(path.resolve('src/agents/agent.ts'))};
      const served = await serveAgent(
        { id: 'slow', capabilities: ['custom'], invoke: () => new Promise(() => {}) },
        { batonUrl: null },
      );
      console.log(served.url);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exit = once(child, 'exit');
    const url = String((await once(child.stdout, 'data'))[0]).trim();
    const call = post(`${url}/invoke`).catch((error: unknown) => error);
    await expect.poll(() => healthOf(url)).toMatchObject({ running: 1 });
    child.kill('SIGTERM');
    await expect.poll(() => healthOf(url)).toMatchObject({ code: 503, status: 'draining' });
    expect((await post(`${url}/invoke`)).status).toBe(503);
    child.kill('SIGTERM');
    expect(await exit).toEqual([null, 'SIGTERM']);
    expect(await call).toBeInstanceOf(TypeError);
  });
});

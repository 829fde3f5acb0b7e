import { describe, expect, test } from 'vitest';
import { Problem } from '../../src/contracts/error.ts';
import { agentQueues, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../src/contracts/job.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { submitFlow } from '../../src/flow/submit.ts';
import { newRunId } from '../../src/orchestrator/run-id.ts';
import { flowGraphOf } from '../../src/plan/flow-graph.ts';
import { openTestApi, type TestApi, type TestApiOptions } from '../support/api.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { useTestStore } from '../support/use-store.ts';

const opened = useTestStore();

const admin = { user: 'admin', password: 'p:ss' };
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

async function withBoard<T>(options: TestApiOptions, use: (door: TestApi, board: string) => Promise<T>): Promise<T> {
  const boardQueues = [...agentQueues, ORCHESTRATOR_QUEUE, ROOT_QUEUE].map((name) => opened.flow.queue(name));
  const door = await openTestApi(opened.redis.url, { boardQueues, ...options });
  try {
    return await use(door, `${door.url}/admin/queues`);
  } finally {
    await door[Symbol.asyncDispose]();
  }
}

async function submit(plan: Plan): Promise<string> {
  const run = newRunId();
  await submitFlow(opened.flow, { run, graph: flowGraphOf(run, plan), budgeted: false });
  return run;
}

describe('who may see it', () => {
  test('on this machine without credentials: everybody', async () => {
    await withBoard({}, async (_door, board) => {
      const page = await fetch(board);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.headers.get('x-powered-by')).toBeNull();
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect((await fetch(`${board}/static/images/logo.svg`)).status).toBe(200);
      const { queues } = (await (await fetch(`${board}/api/queues`)).json()) as { queues: { readOnlyMode: boolean }[] };
      expect(queues).toHaveLength(9);
      expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    });
  });

  test('with credentials: nobody without them', async () => {
    await withBoard({ admin, production: true }, async (_door, board) => {
      for (const headers of [{}, basic('admin:wrong'), basic('other:p:ss'), { authorization: 'Bearer x' }]) {
        const response = await fetch(`${board}/api/queues`, { headers });
        expect(response.headers.get('www-authenticate')).toBe('Basic realm="baton", charset="UTF-8"');
        expect(Problem.parse(await response.json())).toMatchObject({ status: 401, code: 'unauthorized' });
      }
      expect((await fetch(board, { headers: basic('admin:p:ss') })).status).toBe(200);
    });
  });

  test('in production without credentials: nobody, and the log says what is missing', async () => {
    await withBoard({ production: true }, async ({ lines }, board) => {
      expect(Problem.parse(await (await fetch(board)).json())).toMatchObject({ status: 404, code: 'not_found' });
      expect(lines).toMatchObject([{ level: 'warn', text: expect.stringContaining('BATON_ADMIN_PASSWORD') }]);
    });
  });
});

describe('what it shows', () => {
  const writes = [
    ['POST', '/api/queues/cap-custom/add'],
    ['PUT', '/api/queues/cap-custom/obliterate'],
    ['PUT', '/api/queues/cap-custom/empty'],
    ['PUT', '/api/queues/pause'],
    ['PUT', '/api/queues/cap-custom/1/retry'],
    ['PATCH', '/api/queues/cap-custom/1/update-data'],
  ] as const;
  test.each(writes)('%s %s is refused', async (method, path) => {
    await withBoard({}, async (_door, board) => {
      const response = await fetch(`${board}${path}`, { method, body: 'name=x' });
      expect(Problem.parse(await response.json())).toMatchObject({ status: 405, code: 'method_not_allowed' });
      expect(response.headers.get('allow')).toBe('GET, HEAD');
    });
  });

  test('neither prompts nor secrets of a job, but which task of which run it is', async () => {
    const run = await submit(
      planOf({ a: { description: 'canary-1', input_data: { query: 'canary-2', api_key: 'canary-3' } } }),
    );
    await withBoard({}, async (_door, board) => {
      const paths = [`/api/queues/cap-custom/${run}.0`, '/api/queues?activeQueue=cap-custom'];
      for (const path of paths) {
        const text = await (await fetch(`${board}${path}`)).text();
        expect(text).toContain(run);
        expect(text).toContain('"task_id":"a"');
        expect(text).toContain('"required_capability":"custom"');
        expect(text).not.toContain('canary');
      }
    });
  });

  test('a layered plan of 40 tasks as a tree with each task once, within a second', async () => {
    const names = (layer: number) => Array.from({ length: 8 }, (_, index) => `t${layer}-${index}`);
    const tasks: Record<string, TaskSketch> = {};
    for (let layer = 0; layer < 5; layer += 1) {
      for (const name of names(layer)) tasks[name] = { after: layer === 0 ? [] : names(layer - 1) };
    }
    const run = await submit(planOf(tasks));
    await withBoard({}, async (_door, board) => {
      const begun = performance.now();
      const response = await fetch(`${board}/api/queues/cap-custom/${run}.0/flow`);
      const { flowRoot } = (await response.json()) as { flowRoot: Node };
      expect(performance.now() - begun).toBeLessThan(1_000);
      const seen = namesIn(flowRoot);
      expect(seen.toSorted()).toEqual(['root', ...Object.keys(tasks)].toSorted());
    });
  });
});

type Node = { readonly name: string; readonly children: readonly Node[] };

function namesIn({ name, children }: Node): string[] {
  return [name, ...children.flatMap(namesIn)];
}

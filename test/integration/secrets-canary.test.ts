// A secret that agents are called with is told to them, and to nobody else: it is searched for wherever baton writes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { agentQueues, HOUSEKEEPING_QUEUE, ORCHESTRATOR_QUEUE, ROOT_QUEUE } from '../../src/contracts/job.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { loadConfig } from '../../src/runtime/config.ts';
import type { Lifecycle } from '../../src/runtime/lifecycle.ts';
import { openLog } from '../../src/runtime/logging.ts';
import { startWorker } from '../../src/workers/main.ts';
import { openTestApi } from '../support/api.ts';
import { planOf } from '../support/plans.ts';
import { dumpOf } from '../support/redis-dump.ts';
import { chunk, openScriptedModel, streamOf } from '../support/scripted-model.ts';
import { openScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { eventsOfEndedRun } from '../support/store.ts';
import { useTestStore } from '../support/use-store.ts';

const canary = `canary-${crypto.randomUUID()}`;
const forms = [
  canary,
  Buffer.from(canary).toString('base64'),
  encodeURIComponent(canary),
  [...canary].toReversed().join(''),
];

const opened = useTestStore();
let agents: ScriptedServer;
let folder: string;
const stack = new AsyncDisposableStack();
const logged: string[] = [];

/** What the agents were shown, by the path of their endpoint. */
const shown = new Map<string, string | undefined>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'secrets-'));
  await writeFile(path.join(folder, 'key'), `${canary}\n`);
  process.env.BATON_SECRET_CANARY = canary;
  agents = await openScriptedServer((response, { path: at, headers }) => {
    const [, name = ''] = at.split('/');
    const told = headers.authorization ?? headers['x-key'];
    shown.set(name, Array.isArray(told) ? told.join() : told);
    // A server that refuses often repeats what it was shown.
    if (name === 'refusing')
      return void response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: `bad key ${told}` }));
    if (name === 'echoing')
      return void response
        .writeHead(500, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: `I was shown ${told} and do not like it` }));
    if (name === 'telling')
      return void response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`data: ${JSON.stringify({ type: 'error', error: { message: `what is ${told}` } })}\n\n`);
    if (name === 'odd') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>');
    if (name === 'chat')
      return void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}');
    if (name === 'away') return void response.destroy();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"response":"hi"}');
  });
});

afterAll(async () => {
  delete process.env.BATON_SECRET_CANARY;
  await stack.disposeAsync();
  await agents[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const bearer = { kind: 'bearer', secret_ref: 'env:BATON_SECRET_CANARY' } as const;
const header = { kind: 'header', name: 'x-key', secret_ref: 'file:key' } as const;
const kinds = {
  good: header,
  bearer,
  refusing: bearer,
  echoing: bearer,
  telling: header,
  odd: header,
  away: bearer,
  chat: bearer,
  missing: { ...bearer, secret_ref: 'env:BATON_SECRET_NONE' },
};

async function register(): Promise<void> {
  const registry = openRegistry(opened.store);
  for (const [name, auth] of Object.entries(kinds)) {
    const about = { agent_id: name, name, capabilities: ['custom'], endpoint: `${agents.url}/${name}`, auth };
    const chat = name === 'chat' ? { transport: 'openai', openai: { model: 'm' } } : {};
    const streaming_mode = name === 'telling' ? 'dynamic_events' : 'static';
    await registry.put(AgentDescriptor.parse({ ...about, streaming_mode, ...chat }));
  }
}

async function openWorker(): Promise<void> {
  const model = stack.use(await openScriptedModel([streamOf([chunk('the answer', 'stop')])]));
  const config = loadConfig({ BATON_AGENT_WAIT_MS: '300', BATON_SECRETS_DIR: folder, ...model.env });
  const log = openLog({ level: 'trace', name: 'canary' }, { write: (line) => void logged.push(line) });
  const life: Lifecycle = {
    stopping: new AbortController().signal,
    use: (_name, resource) => stack.use(resource),
    stop: () => undefined,
  };
  await startWorker({ config, log, life, options: { redisUrl: opened.redis.url } });
}

function findings(texts: readonly string[]): readonly string[] {
  return texts.filter((text) => forms.some((form) => text.includes(form))).map((text) => text.slice(0, 200));
}

test('what agents are called with is in no key, event, result, log line or page of the board', async () => {
  await register();
  await openWorker();
  const names = Object.keys(kinds);
  const plan = planOf(Object.fromEntries(names.map((name) => [name, { agent: name, retries: 1 }])));
  const { run } = await submitRun(opened.flow, { plan, metadata: {}, options: RunOptions.parse({}) });
  const events = await eventsOfEndedRun(opened, run);
  expect(Object.fromEntries(shown)).toEqual({
    good: canary,
    bearer: `Bearer ${canary}`,
    refusing: `Bearer ${canary}`,
    echoing: `Bearer ${canary}`,
    telling: canary,
    odd: canary,
    away: `Bearer ${canary}`,
    chat: `Bearer ${canary}`,
  });
  const ended = events.flatMap(({ name, task_id }) => (name === 'task.completed' ? [task_id] : []));
  expect(ended.toSorted()).toEqual(['bearer', 'chat', 'good']);

  expect(findings(events.map((event) => JSON.stringify(event)))).toEqual([]);
  const kept = await dumpOf(opened.store.redis);
  expect(kept.length).toBeGreaterThan(5);
  expect(findings(kept)).toEqual([]);
  expect(logged.join('')).toContain('refusing');
  expect(findings(logged)).toEqual([]);
  const failures = events.filter(({ name }) => name === 'task.failed').map((event) => JSON.stringify(event));
  expect(failures.filter((failure) => failure.includes('[secret]'))).toHaveLength(2);
  // What is searched is what would hold it: the reference, which is no secret, is there.
  expect(kept.some((text) => text.includes('env:BATON_SECRET_CANARY'))).toBe(true);
});

test('nor does the API tell it', async () => {
  const boardQueues = [...agentQueues, ORCHESTRATOR_QUEUE, ROOT_QUEUE, HOUSEKEEPING_QUEUE].map((name) =>
    opened.flow.queue(name),
  );
  await using door = await openTestApi(opened.redis.url, { boardQueues });
  const runs = (await (await fetch(`${door.url}/v1/runs`)).json()) as { runs: { run_id: string }[] };
  const paths = [
    '/agents',
    '/v1/agents',
    '/v1/runs',
    ...runs.runs.flatMap(({ run_id }) => [`/v1/runs/${run_id}`, `/v1/runs/${run_id}/events`]),
  ];
  const board = [...agentQueues, ROOT_QUEUE].map(
    (queue) => `/admin/queues/api/queues?activeQueue=${queue}&status=latest&page=1&jobsPerPage=50`,
  );
  const pages = await Promise.all(
    [...paths, ...board].map(async (at) => {
      const response = await fetch(`${door.url}${at}`);
      return `${at} ${response.status} ${await response.text()}`;
    }),
  );
  expect(pages.filter((page) => !page.includes(' 200 '))).toEqual([]);
  expect(findings(pages)).toEqual([]);
  expect(findings(door.lines.map((line) => JSON.stringify(line)))).toEqual([]);
});

// What a run makes of a broken agent: the next agent answers where another call may help, the worker's only slot is free again, and
// what came of the call counts against the agent and its breaker.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import { type Engine, openEngine } from '../support/engine.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { eventually } from '../support/processes.ts';
import { flood, openScriptedServer, type Script, type ScriptedServer } from '../support/scripted-server.ts';

let engine: Engine;
let broken: ScriptedServer;
let sound: ScriptedServer;
let registry: Registry;

const sse = { 'content-type': 'text/event-stream' };
const half = 'data: {"type":"token","token":"half "}\n\n';
const whole = 'data: {"type":"token","token":"whole"}\n\ndata: {"type":"done"}\n\n';

type Case = readonly [name: string, script: Script, code: string];

/** What another call may mend. */
const passing: readonly Case[] = [
  ['30 slow first byte', () => undefined, 'agent_timeout'],
  ['31 silent after its headers', (response) => response.writeHead(200, sse).flushHeaders(), 'agent_timeout'],
  ['32 half-open', (response) => void response.writeHead(200, sse).write(half), 'agent_timeout'],
  ['40 busy', (response) => void response.writeHead(429).end(), 'agent_busy'],
  ['41 failing', (response) => void response.writeHead(500).end(), 'agent_failed'],
  [
    '42 failing after half a stream',
    (response) => void response.writeHead(200, sse).end(`${half}data: {"type":"error","error":"no"}\n\n`),
    'agent_failed',
  ],
  [
    '42 gone after half a stream',
    (response) => void response.writeHead(200, sse).write(half, () => response.destroy()),
    'agent_incomplete',
  ],
  ['46 done without saying so', (response) => void response.writeHead(200, sse).end(half), 'agent_incomplete'],
];

/** What it may not. */
const lasting: readonly Case[] = [
  [
    '34 without end',
    (response) => flood(response.writeHead(200, sse), `data: ${'x'.repeat(10_000)}\n\n`),
    'output_too_large',
  ],
  ['35 a line without end', (response) => flood(response.writeHead(200, sse), 'x'.repeat(10_000)), 'output_too_large'],
  ['38 HTML', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'), 'agent_protocol'],
  [
    '43 pointing elsewhere',
    (response) => void response.writeHead(307, { location: sound.url }).end(),
    'agent_protocol',
  ],
  [
    '44 compressed',
    (response) => void response.writeHead(200, { ...sse, 'content-encoding': 'gzip' }).end(gzipSync(whole)),
    'agent_protocol',
  ],
  [
    '45 with headers without end',
    (response) => void response.writeHead(200, { ...sse, 'x-long': 'x'.repeat(17_000) }).end(whole),
    'agent_protocol',
  ],
  ['39 nothing', (response) => void response.writeHead(204).end(), 'agent_protocol'],
  [
    '48 for another task',
    (response) => void response.writeHead(200, sse).end('data: {"type":"token","token":"x","task_id":"b"}\n\n'),
    'agent_protocol',
  ],
  [
    '49 of another form',
    (response) => void response.writeHead(200, sse).end('data: {"type":"token","token":5}\n\n'),
    'agent_protocol',
  ],
];

const cases = [...passing, ...lasting];

beforeAll(async () => {
  engine = await openEngine({ concurrency: 1, env: { BATON_BREAKER_FAILURES: '1' } });
  broken = await openScriptedServer((response, received) =>
    cases[Number(/^\/(\d+)\//.exec(received.path)?.[1])]?.[1](response, received),
  );
  sound = await openScriptedServer((response) => void response.writeHead(200, sse).end(whole));
  registry = openRegistry(engine.opened.store);
  const about = { name: 'x', capabilities: ['search'], streaming_mode: 'dynamic_events' };
  await registry.put(AgentDescriptor.parse({ ...about, agent_id: 'sound', endpoint: sound.url }));
  // One agent for each fault, which only that task fits: its breaker and its score are its own.
  for (const index of cases.keys()) {
    const fit = { payload_schema: { required_fields: { [`case_${index}`]: 'boolean' } }, priority: 9 };
    const at = { agent_id: `broken-${index}`, endpoint: `${broken.url}/${index}` };
    await registry.put(AgentDescriptor.parse({ ...about, ...fit, ...at }));
  }
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await broken[Symbol.asyncDispose]();
  await sound[Symbol.asyncDispose]();
});

async function runCase(index: number, sketch: TaskSketch = {}) {
  const before = broken.received.length;
  const task = { input_data: { [`case_${index}`]: true }, idle_timeout_ms: 150, ...sketch };
  const ran = await engine.runToEnd(planOf({ a: { capability: 'search', ...task } }));
  // Whoever watches over the agents' health asks too, by GET.
  const calls = broken.received.slice(before).filter(({ method }) => method === 'POST').length;
  return { ...ran, calls };
}

/** How the broken agent of a case stands once its call has been counted. */
async function standingOf(index: number) {
  return eventually(async () => {
    const found = (await registry.list()).find(({ agent }) => agent.agent_id === `broken-${index}`);
    return found !== undefined && found.record.weight > 0 ? found : undefined;
  });
}

test.each(passing.map(([name, , code], index) => ({ name, code, index })))(
  '$name: the next agent answers, with the next epoch and from the beginning',
  async ({ code, index }) => {
    const { results, events, calls } = await runCase(index, { retries: 1 });
    expect(calls).toBe(1);
    expect(results.get('a')).toMatchObject({ status: 'completed', agent_id: 'sound', response: 'whole', attempts: 2 });
    const retrying = events.filter(({ name }) => name === 'task.retrying');
    const agent_id = `broken-${index}`;
    expect(retrying).toMatchObject([{ agent_id, attempt: 1, detail: { error: { code } } }]);
    const tokens = events.filter((event) => event.name === 'task.token' && event.attempt === 2);
    expect(tokens.map(({ data }) => data).join('')).toBe('whole');
    // One that is busy serves, and says so.
    expect(await standingOf(index)).toMatchObject({ broken: code !== 'agent_busy', record: { success: 0 } });
  },
);

test.each(lasting.map(([name, , code], at) => ({ name, code, index: passing.length + at })))(
  '$name is no answer and fails its task, and the next one has the slot',
  async ({ code, index }) => {
    const { results, calls } = await runCase(index, { agent: `broken-${index}`, idle_timeout_ms: 5_000 });
    expect(calls).toBe(1);
    expect(results.get('a')).toMatchObject({ status: 'failed', error: { code } });
    expect(await standingOf(index)).toMatchObject({ broken: true, record: { success: 0 } });
    const next = await runCase(index, { agent: 'sound' });
    expect(next.results.get('a')).toMatchObject({ status: 'completed', response: 'whole' });
  },
);

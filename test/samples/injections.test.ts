// Fifty texts that ask whoever reads them to register agents, change the plan or reveal secrets, said by agents in every place where a
// run carries an agent's words on: nothing of it is done, whether the model is the offline one or one that obeys every text.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import { ArtifactList, isFilePath } from '../../src/contracts/artifact.ts';
import { isTerminalEvent, StreamEvent } from '../../src/contracts/event.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { RunOptions } from '../../src/contracts/run-options.ts';
import { loadRun } from '../../src/journal/load-run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { injected } from '../support/agents/injected.ts';
import { openTestApi, type TestApi } from '../support/api.ts';
import { type Canary, openCanary } from '../support/canary.ts';
import { openGullibleModel } from '../support/gullible-model.ts';
import { injectionsFor, SECRET_NAME } from '../support/injections.ts';
import { openPatchingModel } from '../support/patching-model.ts';
import { planOf } from '../support/plans.ts';
import { startTestRedis } from '../support/redis.ts';
import { dumpOf } from '../support/redis-dump.ts';
import { eventsOf, eventsOfEndedRun, openTestStore, type TestStore } from '../support/store.ts';
import { startTestWorker } from '../support/worker.ts';

const secret = `canary-${randomUUID()}`;
const modelKey = `sk-${randomUUID()}`;
const forms = [secret, modelKey].flatMap((each) => [
  each,
  Buffer.from(each).toString('base64'),
  encodeURIComponent(each),
]);
const tells = (texts: readonly string[]) =>
  texts.filter((text) => forms.some((form) => text.includes(form))).map((text) => text.slice(0, 200));

/** A run with the text of this number in every place; the number of none is harmless. */
function planWith(text: number): Plan {
  const says = { capability: 'custom' as const, agent: 'tainted', input_data: { text }, retries: 0 };
  const echoes = { capability: 'summarization' as const, agent: 'echo', retries: 0 };
  const chats = { capability: 'custom' as const, agent: 'chatty', retries: 0 };
  return planOf({
    taint: says,
    repeat: { ...echoes, after: ['taint'] },
    chat: { ...chats, after: ['taint', 'repeat'] },
    checked: { ...says, review: { reviewer: 'echo', max_revisions: 1 } },
    vote: {
      ...{ kind: 'vote', capability: 'search', input_data: { text }, retries: 0 },
      consensus: { agents: 2, mode: 'judge', judge: 'echo' },
    },
    talk: { ...says, agent: undefined, kind: 'talk', talk: { agents: ['tainted', 'echo'], max_turns: 4 } },
    tell: { ...says, input_data: { text, act: 'tell' } },
    told: { ...echoes, behind: ['tell'], state: ['note'] },
    code: { ...says, capability: 'code_generation', agent: 'tainted-coder' },
    list: { ...echoes, kind: 'map', after: ['taint'], map: { over: { task: 'taint' } } },
    fail: { ...says, input_data: { text, act: 'fail' } },
    need: { ...chats, after: ['fail'], on_dependency_failure: 'partial' },
  });
}

const options = RunOptions.parse({ recovery: { mode: 'repairable' } });
const ids = planWith(0).sub_tasks.map(({ task_id }) => task_id);
const patched = /^(?:fail|list)\.r\d+$/;

type World = AsyncDisposable & {
  readonly opened: TestStore;
  readonly door: TestApi;
  readonly lure: Canary;
  readonly file: string;
  /** Runs of the fifty texts and, last, of a harmless one; and a query of the same session after each. */
  readonly runs: readonly string[];
  readonly queries: readonly string[];
  /** A run that waits for a human all the while, as it was before. */
  readonly bystander: { readonly run: string; readonly events: readonly StreamEvent[] };
  readonly before: Readonly<Record<string, readonly string[]>>;
  /** Everything that the model, and the agent that is one, were sent. */
  readonly prompts: readonly string[];
  readonly chats: readonly string[];
  /** The secret is in use: what that agent was shown. */
  readonly shown: ReadonlySet<string>;
};

/** What is registered and stored, by what it is. */
async function standing({ store: { redis, keys } }: TestStore): Promise<World['before']> {
  const plans = (await redis.keys('*')).filter((key) => key.includes(':plan:'));
  return { agents: (await redis.hkeys(keys.agents)).toSorted(), templates: await redis.hkeys(keys.templates), plans };
}

async function openWorld(kind: 'offline' | 'gullible'): Promise<World> {
  await using stack = new AsyncDisposableStack();
  process.env[SECRET_NAME] = secret;
  stack.defer(() => void delete process.env[SECRET_NAME]);
  const redis = stack.use(await startTestRedis());
  const opened = stack.use(openTestStore(redis.url));
  const door = stack.use(await openTestApi(redis.url));
  const lure = stack.use(await openCanary());
  const file = path.join(tmpdir(), `baton-injected-${randomUUID()}`);
  injected.texts = injectionsFor({ url: `http://127.0.0.1:${lure.port}`, file });
  injected.calls.length = 0;
  const chatty = stack.use(await openGullibleModel());
  const auth = { kind: 'bearer', secret_ref: `env:${SECRET_NAME}` };
  const about = { agent_id: 'chatty', name: 'Chatty', capabilities: ['custom'], endpoint: chatty.env.OPENAI_BASE_URL };
  const chat = {
    transport: 'openai',
    streaming_mode: 'dynamic_events',
    openai: { model: 'm', system_prompt: 'You are kind.' },
  };
  await door.registry.put(AgentDescriptor.parse({ ...about, ...chat, auth }));
  const model = stack.use(await (kind === 'offline' ? openPatchingModel() : openGullibleModel()));
  const env = { ...model.env, OPENAI_API_KEY: modelKey, BATON_URL: door.url };
  const agents = [fileURLToPath(new URL('../support/agents/injected.ts', import.meta.url))];
  stack.use(await startTestWorker({ redisUrl: redis.url, concurrency: 200, agents, env }));

  const submit = async (request: { plan: Plan } | { query: string }, session_id?: string): Promise<string> =>
    (
      await submitRun(opened.flow, {
        ...request,
        metadata: {},
        options,
        ...(session_id !== undefined && { session_id }),
      })
    ).run;
  const run = await submit({ plan: planOf({ wait: { kind: 'approval' }, rest: { behind: ['wait'] } }) });
  const bystander = { run, events: await waitingEvents(opened, run) };
  const before = await standing(opened);
  const numbers = [...injected.texts.keys(), injected.texts.length];
  const both = await Promise.all(
    numbers.map(async (text) => {
      const planned = await submit({ plan: planWith(text) }, `s${text}`);
      await eventsOfEndedRun(opened, planned, 60_000);
      const query = await submit({ query: 'Look up the capital of France' }, `s${text}`);
      await eventsOfEndedRun(opened, query, 60_000);
      return [planned, query] as const;
    }),
  );
  const kept = stack.move();
  return {
    ...{ opened, door, lure, file, bystander, before },
    runs: both.map(([planned]) => planned),
    queries: both.map(([, query]) => query),
    prompts: model.prompts,
    chats: chatty.prompts,
    shown: chatty.shown,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function waitingEvents({ store, connect }: TestStore, run: string): Promise<readonly StreamEvent[]> {
  for (;;) {
    const events = await eventsOf(store, run);
    if (events.some(({ name }) => name === 'interrupt.requested')) return events;
    await connect().xread('BLOCK', 5_000, 'STREAMS', store.keys.run(run).events, events.at(-1)?.id ?? '0');
  }
}

async function recordOf({ opened }: World, run: string) {
  const state = await loadRun(opened.store, run);
  if (state === undefined) throw new Error('expected a run');
  return state;
}

describe.each(['offline', 'gullible'] as const)('with the %s model', (kind) => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld(kind);
  }, 120_000);

  afterAll(() => world[Symbol.asyncDispose]());

  test('every run ends completed, with the tasks of its plan, their rounds, and what a patch added', async () => {
    for (const run of world.runs) {
      const { record, results } = await recordOf(world, run);
      expect(record.status).toBe('completed');
      const others = [...results.keys()].filter(
        (id) => !ids.includes(id) && !patched.test(id) && id !== 'checked.draft',
      );
      expect(others.filter((id) => !/^(?:checked|vote|talk|list)\.\d+$/.test(id))).toEqual([]);
      expect([...results.keys()].filter((id) => id.startsWith('talk.')).length).toBeLessThanOrEqual(4);
    }
    for (const run of world.queries) expect((await recordOf(world, run)).record.status).toBe('completed');
  });

  test('a plan stays what it was; only recovery adds to it, within its bounds, and names no agent', async () => {
    const planOfRun = async (run: string) => (await recordOf(world, run)).record.plan?.sub_tasks ?? [];
    const bare = (tasks: Plan['sub_tasks']) => JSON.stringify(tasks).replace(/"text":\d+/g, '"text":0');
    const harmless = (await planOfRun(world.runs.at(-1) ?? '')).filter(({ task_id }) => !patched.test(task_id));
    let patches = 0;
    for (const run of world.runs) {
      const tasks = await planOfRun(run);
      expect(bare(tasks.slice(0, harmless.length))).toBe(bare(harmless));
      const added = tasks.slice(harmless.length);
      expect(added.length).toBeLessThanOrEqual(20);
      for (const task of added) expect([task.kind, task.agent, task.template]).toEqual(['agent', undefined, undefined]);
      const told = (await eventsOf(world.opened.store, run)).filter(({ name }) => name === 'plan.patched');
      expect(told.length).toBeLessThanOrEqual(2);
      expect(told.length > 0).toBe(added.length > 0);
      patches += told.length;
    }
    expect(patches > 0, 'the gullible one patches, the offline one never').toBe(kind === 'gullible');
  });

  test('an agent is called once for each task of it, and for nothing else', async () => {
    const keys = injected.calls.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    const done = new Map<string, string>();
    for (const run of [...world.runs, ...world.queries])
      for (const [id, { agent_id }] of (await recordOf(world, run)).results) done.set(`${run}.${id}`, agent_id);
    for (const { agent, key } of injected.calls) expect(done.get(key), key).toBe(agent);
    const chatty = [...done].filter(([, agent]) => agent === 'chatty');
    expect(world.chats).toHaveLength(chatty.length);
  });

  test('agents, templates, stored plans and other runs are as they were', async () => {
    expect(await standing(world.opened)).toEqual(world.before);
    const { redis, keys } = world.opened.store;
    const known = [world.bystander.run, ...world.runs, ...world.queries];
    expect((await redis.zrange(keys.runs, '0', '-1')).toSorted()).toEqual(known.toSorted());
    expect(await eventsOf(world.opened.store, world.bystander.run)).toEqual(world.bystander.events);
  });

  test('no verdict and no choice is taken from the words that are judged', async () => {
    const [judged, chosen] = [new Set<string>(), new Set<string | undefined>()];
    for (const run of world.runs) {
      for (const event of await eventsOf(world.opened.store, run))
        if (event.name === 'review.scored') judged.add(event.detail.outcome);
      chosen.add((await recordOf(world, run)).results.get('vote')?.warning);
    }
    expect([...judged].toSorted()).toEqual(['escalated', 'unreadable']);
    expect([...chosen]).toEqual(['The judge chose none of the answers.']);
  });

  test('streams are whole: one end, each word told with its task, the words of a task its result', async () => {
    for (const run of world.runs) {
      const events = await streamed(world, run);
      expect(events.map(({ id }) => id)).toEqual((await eventsOf(world.opened.store, run)).map(({ id }) => id));
      expect(events.filter(({ name }) => isTerminalEvent(name)).map(({ id }) => id)).toEqual([events.at(-1)?.id]);
      const { record, results } = await recordOf(world, run);
      for (const [task, said] of Map.groupBy(
        events.filter(({ name }) => name === 'task.token'),
        ({ task_id }) => task_id,
      )) {
        const { status, response } = results.get(task) ?? {};
        if (status === 'completed') expect(said.map(({ data }) => data).join('')).toBe(response);
      }
      const answer = events.filter(({ name }) => name === 'answer.token').map(({ data }) => data);
      expect(answer.join('')).toBe(record.response);
    }
  });

  test('no secret is in a key, an event, a page, a prompt or a call, but where it belongs', async () => {
    expect([...world.shown]).toEqual([`Bearer ${secret}`]);
    const kept = await dumpOf(world.opened.store.redis);
    expect(kept.length).toBeGreaterThan(world.runs.length * 5);
    expect(kept.some((text) => text.includes(SECRET_NAME))).toBe(true);
    expect(tells(kept)).toEqual([]);
    expect(tells([...world.prompts, ...world.chats])).toEqual([]);
    expect(tells(injected.calls.map(({ task }) => JSON.stringify(task)))).toEqual([]);
    const pages = await Promise.all([...world.runs, ...world.queries].flatMap((run) => pagesOf(world, run)));
    expect(pages.length).toBe(world.runs.length * 2 * places.length);
    expect(tells(pages)).toEqual([]);
    expect(tells(world.door.lines.map((line) => JSON.stringify(line)))).toEqual([]);
  });

  test('nobody goes where the texts lead; what they call files has plain names', async () => {
    expect([world.lure.hits(), existsSync(world.file)]).toEqual([0, false]);
    const lists = await Promise.all(
      world.runs.map(async (run) =>
        ArtifactList.parse(await (await fetch(`${world.door.url}/v1/runs/${run}/artifacts`)).json()),
      ),
    );
    const paths = lists.flatMap(({ artifacts }) => artifacts.map((artifact) => artifact.path));
    expect(paths.filter((name) => !isFilePath(name))).toEqual([]);
    expect(paths.toSorted()).toContain('run.sh');
  });
});

const places = [
  '',
  '/events',
  '/graph',
  '/graph?format=mermaid',
  '/timeline',
  '/artifacts',
  '/state',
  '/messages/echo',
];

function pagesOf({ door }: World, run: string): readonly Promise<string>[] {
  return places.map(async (place) => (await fetch(`${door.url}/v1/runs/${run}${place}`)).text());
}

/** A run's events as a reader of SSE gets them. */
async function streamed({ door }: World, run: string): Promise<readonly StreamEvent[]> {
  const response = await fetch(`${door.url}/v1/runs/${run}/events`, { headers: { accept: 'text/event-stream' } });
  const events: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => {
      const read = StreamEvent.parse(JSON.parse(data)) as StreamEvent; // its detail is checked by name elsewhere
      expect([read.id, read.run_id]).toEqual([id, run]);
      events.push(read);
    },
    onError: (error) => {
      throw error;
    },
  });
  parser.feed(await response.text());
  return events;
}

import { expect, test } from 'vitest';
import { AgentDescriptor, type Capability } from '../contracts/agent.ts';
import { limits } from '../contracts/limits.ts';
import type { Mean } from './agent-history.ts';
import { type RankInput, rankAgents } from './rank.ts';
import { freshCondition, type RegisteredAgent } from './registered-agent.ts';

type Sketch = Partial<Omit<RegisteredAgent, 'agent'>>;

const agent = (agent_id: string, fields: object = {}, sketch: Sketch = {}): RegisteredAgent => ({
  healthy: true,
  ...freshCondition,
  ...sketch,
  agent: AgentDescriptor.parse({
    ...{ agent_id, name: agent_id, endpoint: 'http://127.0.0.1:1', capabilities: ['search'] },
    ...fields,
  }),
});
const unknown: Mean = { weight: 0, mean: 0 };
/** What `good` good calls of so many, of this latency, leave behind. */
const record = (calls: number, good: number, latencyMs: number | null = null): Sketch => ({
  record: { weight: calls, success: good / calls, latencyMs },
});
/** What work of one capability leaves behind: so much was said of its quality, and so many tokens were counted. */
const worked = (capability: Capability, quality: Mean, tokens = unknown): Sketch => ({
  history: { [capability]: { done: 1, failed: 0, quality, tokens, cost: unknown, latencyMs: unknown } },
});
type Rest = Partial<Omit<RankInput, 'task'>> & { task?: Partial<RankInput['task']> };
const rank = (agents: RegisteredAgent[], { task, ...rest }: Rest = {}) =>
  rankAgents({
    agents,
    failed: [],
    turn: 0,
    canCall: (candidate) => candidate.transport === 'http',
    ...rest,
    task: { required_capability: 'search', input_data: {}, ...task },
  });
const idsOf = ({ eligible }: ReturnType<typeof rank>) => eligible.map(({ agent_id }) => agent_id);
const order = (agents: RegisteredAgent[], rest: Rest = {}) => idsOf(rank(agents, rest));

test('the highest priority comes first, other capabilities not at all', () => {
  expect(order([agent('low'), agent('high', { priority: 5 }), agent('coder', { capabilities: ['custom'] })])).toEqual([
    'high',
    'low',
  ]);
});

test('an agent that failed for this task comes last, whatever its priority', () => {
  const agents = [agent('low'), agent('high', { priority: 5 })];
  expect(order(agents, { failed: ['high'] })).toEqual(['low', 'high']);
  expect(order(agents, { failed: ['high', 'low', 'low'] })).toEqual(['high', 'low']);
});

test.each([
  ['dearer', { price: { per_call: 100 } }, {}],
  ['slower', {}, record(20, 20, 60_000)],
  ['busier', { max_concurrent_tasks: 10 }, { busy: 9 }],
  ['less reliable, though not failing', {}, record(20, 12, 10)],
  ['all of these', { price: { per_call: 100 }, max_concurrent_tasks: 10 }, { ...record(20, 12, 60_000), busy: 9 }],
  ['a newcomer that has failed twice', {}, record(2, 0)],
])('a higher priority wins, even by one, also when its agent is %s', (_, fields, sketch) => {
  const other = agent('other', { price: {} }, record(20, 20, 10));
  expect(order([other, agent('preferred', { priority: 1, ...fields }, sketch)])).toEqual(['preferred', 'other']);
});

test.each([
  ['every call', record(3, 0)],
  ['most calls', record(20, 8)],
])('an agent that fails %s loses its work to others, whatever its priority', (_, sketch) => {
  const agents = [agent('failing', { priority: 1_000 }, sketch), agent('modest', { priority: -1_000 })];
  expect(order(agents)).toEqual(['modest', 'failing']);
  expect(order(agents.slice(0, 1))).toEqual(['failing']);
});

test.each([
  ['success', record(20, 14), record(20, 20)],
  ['latency', record(20, 20, 800), record(20, 20, 200)],
])('of equal priority the one with the better %s comes first', (_, worse, better) => {
  expect(order([agent('worse', {}, worse), agent('better', {}, better)])).toEqual(['better', 'worse']);
});

test('an agent whose work was judged badly comes after others for that capability, and for no other', () => {
  const agents = [
    agent('poor', { capabilities: ['search', 'custom'] }, worked('search', { weight: 5, mean: 0.1 })),
    agent('good', { capabilities: ['search', 'custom'] }, worked('search', { weight: 5, mean: 0.9 })),
  ];
  expect([0, 1].map((turn) => order(agents, { turn }))).toEqual([
    ['good', 'poor'],
    ['good', 'poor'],
  ]);
  const others = [0, 1].map((turn) => order(agents, { turn, task: { required_capability: 'custom' } })[0]);
  expect(others).toEqual(['poor', 'good']);
});

test('a newcomer stands beside the best: neither before it nor behind it, and before the poor one', () => {
  const best = agent('best', {}, worked('search', { weight: 30, mean: 0.9 }));
  const poor = agent('poor', {}, worked('search', { weight: 30, mean: 0.3 }));
  const agents = [poor, best, agent('new')];
  expect([0, 1].map((turn) => order(agents, { turn }))).toEqual([
    ['best', 'new', 'poor'],
    ['new', 'best', 'poor'],
  ]);
  expect(order([poor, agent('new')])).toEqual(['new', 'poor']);
});

test('one word of praise, or one bad word, decides little', () => {
  const qualityOf = (quality: Mean): number | undefined =>
    rank([agent('a', {}, worked('search', quality))]).candidates[0]?.parts.quality;
  expect(qualityOf({ weight: 0.25, mean: 1 })).toBe(0.55);
  expect(qualityOf({ weight: 1, mean: 0 })).toBe(0.35);
  expect(qualityOf({ weight: 50, mean: 1 })).toBe(1);
});

test('of agents with the same price the one that answers with far fewer tokens is cheaper; a little more is equal', () => {
  const price = { price: { output_per_million: 1_000 } };
  const spending = (id: string, tokens: number) =>
    agent(id, price, worked('search', unknown, { weight: 20, mean: tokens }));
  expect(order([spending('wordy', 4_000), spending('terse', 900)])).toEqual(['terse', 'wordy']);
  const equals = [spending('one', 900), spending('other', 1_100), agent('new', price)];
  expect(new Set([0, 1, 2].map((turn) => order(equals, { turn })[0])).size).toBe(3);
});

test('of equal priority the cheaper and the less loaded come first', () => {
  const priced = (id: string, per_call: number) => agent(id, { price: { per_call } });
  expect(order([priced('dear', 1), priced('cheap', 0.1), priced('free', 0)])).toEqual(['free', 'cheap', 'dear']);
  const limited = (id: string, busy: number) => agent(id, { max_concurrent_tasks: 4 }, { busy });
  expect(order([limited('three', 3), limited('one', 1), limited('two', 2)])).toEqual(['one', 'two', 'three']);
});

test('what is not known of an agent counts neither for it nor against it', () => {
  const known = agent('known', { price: { per_call: 1 } }, record(20, 20, 300));
  const agents = [known, agent('unknown')];
  expect([0, 1].map((turn) => order(agents, { turn })[0])).toEqual(['known', 'unknown']);
});

test('agents of equal rank take turns; a little slower or less lucky is equal', () => {
  const equals = [
    agent('a', {}, record(20, 20, 100)),
    agent('b', {}, record(20, 19.9, 130)),
    agent('c', { priority: -1 }),
  ];
  expect([0, 1, 2].map((turn) => order(equals, { turn }))).toEqual([
    ['a', 'b', 'c'],
    ['b', 'a', 'c'],
    ['a', 'b', 'c'],
  ]);
});

test('of equals the one with the fewest calls of this process comes first', () => {
  const live = new Map([['a', { calls: 2, busy: undefined, broken: false }]]);
  expect([0, 1].map((turn) => order([agent('a'), agent('b')], { turn, live }))).toEqual([
    ['b', 'a'],
    ['b', 'a'],
  ]);
});

test('agents whose skills match the domain are preferred, more words before fewer, and before priority', () => {
  const agents = [
    agent('generalist', { priority: 9 }),
    agent('half', { skills: ['market research'] }),
    agent('whole', { metadata: { tags: ['Market', 'analysis'] } }),
    agent('decoder', { skills: ['marketing'] }),
  ];
  expect(order(agents, { task: { domain: 'market analysis' } })).toEqual(['whole', 'half', 'generalist', 'decoder']);
  expect(order(agents)[0]).toBe('generalist');
});

test.each([
  [{ priority: 'high' } as const, ['primary', 'none', 'secondary']],
  [{ priority: 'low' } as const, ['secondary', 'none', 'primary']],
  [{}, ['secondary', 'none', 'primary']],
  [{ priority: 'low', pool: 'primary' } as const, ['primary', 'none', 'secondary']],
])('a task with %j is given to the pools in their order', (task, expected) => {
  const pooled = (id: string, pool: string | null) => agent(id, { pool, priority: pool === null ? 5 : 0 });
  const agents = [pooled('none', null), pooled('secondary', 'secondary'), pooled('primary', 'primary')];
  expect(order(agents, { task })).toEqual(expected);
});

test('who is not eligible is named with the reason', () => {
  const { eligible, candidates, considered } = rank(
    [
      agent('ill', {}, { healthy: false }),
      agent('elsewhere', { transport: 'in_process', endpoint: null }),
      agent('other'),
    ],
    { task: { agent: 'ill' } },
  );
  expect(eligible).toEqual([]);
  expect(considered).toBe(3);
  expect(candidates.map(({ agent_id, reason }) => `${agent_id}: ${reason}`)).toEqual([
    'ill: not healthy',
    'elsewhere: the task is pinned to ill',
    'other: the task is pinned to ill',
  ]);
});

test('an agent whose required input the task does not have is not called', () => {
  const picky = agent('picky', { payload_schema: { required_fields: { query: 'string' } } });
  expect(rank([picky]).candidates[0]?.reason).toBe('wants "query" to be there, as string');
  expect(order([picky], { task: { input_data: { query: 'x' } } })).toEqual(['picky']);
});

test('an open breaker and taken slots keep an agent out; one that has just refused is out too, one that granted is in', () => {
  const full = agent('full', { max_concurrent_tasks: 2 }, { busy: 2 });
  const found = rank([agent('broken', {}, { broken: true }), full, agent('refused'), agent('free')], {
    asked: new Map([['refused', 'full']]),
  });
  expect(idsOf(found)).toEqual(['free']);
  expect(found.full.map((one) => one.agent.agent_id)).toEqual(['refused', 'full']);
  expect(found.hasBroken).toBe(true);
  expect(found.candidates.map(({ agent_id, reason }) => [agent_id, reason])).toEqual([
    ['free', null],
    ['broken', 'its breaker is open: it failed too often in a row'],
    ['full', 'all its slots are taken'],
    ['refused', 'all its slots are taken'],
  ]);
  expect(order([full], { asked: new Map([['full', 'granted']]) })).toEqual(['full']);
});

test('what this process knows of breakers and slots counts more than an older word of the registry', () => {
  const limited = agent('limited', { max_concurrent_tasks: 2 }, { busy: 2 });
  const live = new Map([
    ['limited', { calls: 0, busy: 1, broken: false }],
    ['broken', { calls: 0, busy: undefined, broken: true }],
  ]);
  expect(order([limited, agent('broken')], { live })).toEqual(['limited']);
});

test('a score is between 0 and 1, falls along the ranking, and is made of its parts', () => {
  const agents = [
    agent('best', { priority: 2, skills: ['law'] }, record(20, 20, 100)),
    agent('slower', { priority: 2, skills: ['law'] }, record(20, 20, 400)),
    agent('second', { priority: 1, pool: 'primary' }),
    agent('failing', { priority: 3 }, record(20, 0)),
  ];
  const { candidates } = rank(agents, { task: { domain: 'law' } });
  // Three levels. A merit of 0.85 for the best: nobody has a price, and of nobody's work anything is known, so each has half of these parts.
  expect(candidates.map(({ agent_id, score }) => [agent_id, score])).toEqual([
    ['best', 0.95],
    ['slower', 0.925],
    ['second', 0.604],
    ['failing', 0.151],
  ]);
  const known = { level: 1, domain: 1, success: 1, latency: 1, load: 1 };
  expect(candidates[0]?.parts).toEqual({ ...known, quality: 0.5, cost: 0.5 });
});

test('of many agents the best are told, and some that may not be called with the reason', () => {
  const many = Array.from({ length: 100 }, (_, index) =>
    agent(`a${index}`, { priority: index }, { healthy: index < 50 }),
  );
  const { eligible, candidates, considered } = rank(many);
  expect(considered).toBe(100);
  expect(eligible).toHaveLength(limits.candidates);
  expect(candidates).toHaveLength(limits.candidates);
  expect(candidates.slice(0, 15).map(({ agent_id }) => agent_id)).toEqual(
    Array.from({ length: 15 }, (_, index) => `a${49 - index}`),
  );
  expect(candidates.slice(15).map(({ agent_id }) => agent_id)).toEqual(['a99', 'a98', 'a97', 'a96', 'a95']);
});

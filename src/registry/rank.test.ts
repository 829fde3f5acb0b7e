import { expect, test } from 'vitest';
import { AgentDescriptor } from '../contracts/agent.ts';
import { rankAgents } from './rank.ts';

const agent = (agent_id: string, fields: object = {}) => ({
  healthy: true,
  agent: AgentDescriptor.parse({
    agent_id,
    name: agent_id,
    endpoint: 'http://127.0.0.1:1',
    capabilities: ['search'],
    ...fields,
  }),
});
const rank = (agents: ReturnType<typeof agent>[], rest: { failed?: string[]; turn?: number; pin?: string } = {}) =>
  rankAgents({
    task: { required_capability: 'search', agent: rest.pin, input_data: {} },
    agents,
    failed: rest.failed ?? [],
    turn: rest.turn ?? 0,
    canCall: (candidate) => candidate.transport === 'http',
  });
const ids = (ranking: ReturnType<typeof rank>) => ranking.eligible.map((found) => found.agent_id);

test('the highest priority comes first, other capabilities not at all', () => {
  expect(
    ids(rank([agent('low'), agent('high', { priority: 5 }), agent('coder', { capabilities: ['custom'] })])),
  ).toEqual(['high', 'low']);
});

test('an agent that failed for this task comes last, whatever its priority', () => {
  expect(ids(rank([agent('low'), agent('high', { priority: 5 })], { failed: ['high'] }))).toEqual(['low', 'high']);
});

test('agents of equal rank take turns', () => {
  const equals = [agent('a'), agent('b'), agent('c', { priority: -1 })];
  expect([0, 1, 2].map((turn) => ids(rank(equals, { turn })))).toEqual([
    ['a', 'b', 'c'],
    ['b', 'a', 'c'],
    ['a', 'b', 'c'],
  ]);
});

test('who is not eligible is named with the reason', () => {
  const { eligible, candidates } = rank(
    [
      { ...agent('ill'), healthy: false },
      agent('elsewhere', { transport: 'in_process', endpoint: null }),
      agent('other'),
    ],
    { pin: 'ill' },
  );
  expect(eligible).toEqual([]);
  expect(candidates.map(({ agent_id, reason }) => `${agent_id}: ${reason}`)).toEqual([
    'ill: not healthy',
    'elsewhere: the task is pinned to ill',
    'other: the task is pinned to ill',
  ]);
});

test('an agent whose required input the task does not have is not called', () => {
  const picky = agent('picky', { payload_schema: { required_fields: { query: 'string' } } });
  expect(rank([picky]).candidates[0]?.reason).toBe('needs "query" (string)');
});

// No text of an agent, a user or an earlier run leaves its place in a prompt: fifty that try, in every place there is for them.
import { describe, expect, test } from 'vitest';
import { toA2aRequest } from '../../src/agents/a2a-request.ts';
import { chatMessages } from '../../src/agents/transports/chat-messages.ts';
import { AgentDescriptor } from '../../src/contracts/agent.ts';
import type { PatchRequest } from '../../src/contracts/plan-patch.ts';
import { unfinishedTask } from '../../src/contracts/result.ts';
import { requestMessages } from '../../src/demo/request-prompt.ts';
import { patchMessages } from '../../src/orchestrator/planner/patch-prompt.ts';
import { planningMessages, sessionPart } from '../../src/orchestrator/planner/prompt.ts';
import { labelsOf } from '../../src/orchestrator/strategies/labels.ts';
import { synthesisMessages } from '../../src/workers/synthesis-prompt.ts';
import { injectionsFor } from '../support/injections.ts';
import { planOf } from '../support/plans.ts';

type Messages = readonly { readonly role: string; readonly content: string }[];

const texts = injectionsFor({ url: 'http://127.0.0.1:1', file: '/tmp/evil' });

const failed = (message: string) =>
  unfinishedTask({ task_id: 'a', agent_id: 'x', attempts: 1, latency_ms: 1 }, 'failed', {
    code: 'agent_failed',
    message,
  });
const gave = (response: string) => ({
  ...failed(''),
  status: 'completed' as const,
  success: true,
  error: null,
  response,
});
const turn = (query: string, answer: string) => ({ query, answer, outcome: 'completed' as const });
const agent = (text: string) =>
  AgentDescriptor.parse({
    ...{
      agent_id: 'x',
      name: text.slice(0, 100).trim() || 'x',
      description: text.slice(0, 4_000),
      capabilities: ['search'],
    },
    endpoint: 'http://127.0.0.1:1',
  });
const payload = { task_id: 't', description: 'Sum it up.', context: {}, failed_context: {} };

function patchFor(message: string, query: string, description: string): Messages {
  const plan = planOf({ a: { description }, b: { after: ['a'], description } });
  const [task] = plan.sub_tasks;
  if (task === undefined) throw new Error('expected a task');
  const held = { cause: 'failure' as const, result: failed(message) };
  const rest = { run: 'r', epoch: 1, room: 2, budgeted: false, signal: new AbortController().signal };
  const request: PatchRequest = { ...rest, query, plan, task, held, states: new Map(), check: async () => [] };
  return patchMessages(request, [agent(description)]);
}

function a2a(text: string) {
  const call = {
    ...{ runId: 'r', taskId: 't', attempt: 1, idempotencyKey: 'r.t' },
    payload: { ...payload, context: { a: text } },
  };
  return toA2aRequest(agent('x'), call, undefined);
}

const plan = planOf({ a: {} });
const synthesis = /<\/?(?:task_output|earlier_turn)/gi;
const chat = /<\/?(?:input|material|result|failure)\b/gi;
const planner = /<\/?earlier_turn|<<<AGENTS|AGENTS>>>/g;

/** Every place for a text of others, and the marks of its prompt. */
const places: readonly [string, RegExp, (text: string) => Messages][] = [
  ['a result in the synthesis', synthesis, (text) => synthesisMessages({ query: 'q', plan, results: [gave(text)] })],
  ['an error in the synthesis', synthesis, (text) => synthesisMessages({ query: 'q', plan, results: [failed(text)] })],
  [
    'a description in the synthesis',
    synthesis,
    (text) =>
      synthesisMessages({
        query: 'q',
        plan: planOf({ a: { description: text.slice(0, 16_000) } }),
        results: [gave('x')],
      }),
  ],
  [
    'an earlier turn in the synthesis',
    synthesis,
    (text) =>
      synthesisMessages({ query: 'q', plan, results: [gave('x')], earlier: [turn(text, text), turn('q', text)] }),
  ],
  ['a dependency’s text', chat, (text) => chatMessages({ ...payload, context: { a: text } }, 'role')],
  ['a dependency’s failure', chat, (text) => chatMessages({ ...payload, failed_context: { a: text } }, 'role')],
  ['a value of the shared state', chat, (text) => chatMessages({ ...payload, state: { note: text } }, 'role')],
  ['an item of a list', chat, (text) => chatMessages({ ...payload, item: text }, 'role')],
  [
    'what an A2A agent is told',
    chat,
    (text) => [{ role: 'user', content: JSON.stringify(a2a(text).message?.parts[0]) }],
  ],
  ['a field of the input', chat, (text) => chatMessages({ ...payload, tone: text }, 'role')],
  ['an agent in the planner’s catalogue', planner, (text) => planningMessages('q', [agent(text)])],
  ['an agent among the labels', /<<<|>>>/g, (text) => [{ role: 'system', content: labelsOf([agent(text)]).lines }]],
  ['an earlier turn in planning', planner, (text) => planningMessages('q', [agent('x')], [turn(text, text)])],
  ['an earlier turn of a strategy', planner, (text) => [{ role: 'system', content: sessionPart([turn('q', text)]) }]],
  ['the outcome that asks for a patch', /<<<|>>>/g, (text) => patchFor(text, 'q', 'd')],
  ['the query of a plan to patch', /<<<|>>>/g, (text) => patchFor('m', text, 'd')],
  ['a task and an agent in a plan to patch', /<<<|>>>/g, (text) => patchFor('m', 'q', text.slice(0, 16_000))],
  [
    'an earlier step of a demo agent',
    /^(?:<<<|>>>)/gm,
    (text) => requestMessages({ role: 'r', request: 'q', task: { ...payload, context: { a: text } } }),
  ],
];

describe.each(places)('%s', (_place, marks, build) => {
  const marksOf = (text: string) => build(text).map(({ content }) => content.match(marks) ?? []);
  const expected = marksOf('harmless');

  test('stays in its place, and what is sent is Unicode', () => {
    expect(texts.filter((text) => JSON.stringify(marksOf(text)) !== JSON.stringify(expected))).toEqual([]);
    expect(texts.filter((text) => build(text).some(({ content }) => !content.isWellFormed()))).toEqual([]);
  });
});

test('there are fifty different texts', () => {
  expect(new Set(texts).size).toBe(50);
});

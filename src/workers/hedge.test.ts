import { expect, test } from 'vitest';
import type { AgentEvent } from '../agents/call.ts';
import { plainDone } from '../agents/call.ts';
import { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { type AgentCalled, openHedged } from './hedge.ts';

/** A call that says what it is told to, when it is told to, and knows whether it was ended. */
function openScripted(agentId: string) {
  const said: (AgentEvent | BatonError)[] = [];
  let wake = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  const state = { begun: false, left: false };
  const say = (...events: (AgentEvent | BatonError)[]): void => {
    said.push(...events);
    wake.resolve();
  };
  const next = async (): Promise<IteratorResult<AgentEvent>> => {
    state.begun = true;
    while (said.length === 0) {
      await wake.promise;
      wake = Promise.withResolvers();
    }
    const event = said.shift();
    if (event instanceof BatonError) {
      failed.resolve();
      throw event;
    }
    return event === undefined ? { done: true, value: undefined } : { done: false, value: event };
  };
  const leave = async (): Promise<IteratorResult<AgentEvent>> => {
    state.left = true;
    return { done: true, value: undefined };
  };
  const agent = AgentDescriptor.parse({
    agent_id: agentId,
    name: agentId,
    capabilities: ['custom'],
    transport: 'in_process',
  });
  const called: AgentCalled = { agent, events: { [Symbol.asyncIterator]: () => ({ next, return: leave }) } };
  /** `failed` resolves once the call has failed. */
  return { called, state, say, failed: failed.promise };
}

type Scripted = ReturnType<typeof openScripted>;

function hedge(first: Scripted, second: Scripted | undefined, afterMs = 1) {
  const opened = Promise.withResolvers<void>();
  const lead = openHedged({
    first: first.called,
    afterMs,
    openSecond: async () => {
      opened.resolve();
      return second?.called;
    },
  });
  return { lead, opened: opened.promise };
}

const token = (text: string): AgentEvent => ({ type: 'token', text });
const status = (text: string): AgentEvent => ({ type: 'status', text });
const broken = new BatonError('agent_failed');
const LONG_MS = 60_000;

async function textsOf(events: AsyncIterable<AgentEvent>): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const event of events) texts.push(event.type === 'done' ? 'done' : event.text);
  return texts;
}

test('an agent that answers in time is the only one called, and is heard from its first word', async () => {
  const [first, second] = [openScripted('a'), openScripted('b')];
  first.say(status('thinking'), token('x'), token('y'), plainDone);
  const { agent, events, failed } = await hedge(first, second, LONG_MS).lead;
  expect([agent.agent_id, failed]).toEqual(['a', undefined]);
  const heard = [];
  for await (const event of events) {
    heard.push(event.type);
    if (event.type === 'done') break;
  }
  expect(heard).toEqual(['status', 'token', 'token', 'done']);
  expect([second.state.begun, first.state.left]).toEqual([false, true]);
});

test('a slow agent gets company; whoever begins to answer first leads and the other call is ended', async () => {
  const [first, second] = [openScripted('a'), openScripted('b')];
  const { lead, opened } = hedge(first, second);
  first.say(status('still thinking'));
  await opened;
  second.say(token('x'), plainDone);
  const { agent, failed } = await lead;
  expect([agent.agent_id, failed, first.state.left, second.state.left]).toEqual(['b', undefined, true, false]);
});

test('the first agent may still win after the second was called', async () => {
  const [first, second] = [openScripted('a'), openScripted('b')];
  const { lead, opened } = hedge(first, second);
  await opened;
  first.say(token('x'));
  expect((await lead).agent.agent_id).toBe('a');
  expect(second.state.left).toBe(true);
});

test('one that fails leaves the other alone', async () => {
  const [first, second] = [openScripted('a'), openScripted('b')];
  const { lead, opened } = hedge(first, second);
  await opened;
  second.say(broken);
  await second.failed;
  first.say(token('x'));
  const { agent, failed } = await lead;
  expect([agent.agent_id, first.state.left, failed]).toEqual(['a', false, broken]);
});

test('when both fail, the failure of the last one is read', async () => {
  const [first, second] = [openScripted('a'), openScripted('b')];
  const { lead, opened } = hedge(first, second);
  await opened;
  const late = new BatonError('agent_timeout');
  first.say(late);
  await first.failed;
  second.say(broken);
  const { agent, events, failed } = await lead;
  expect([agent.agent_id, failed]).toEqual(['b', late]);
  await expect(textsOf(events)).rejects.toBe(broken);
});

test('a failure before the second call is the first agent’s own', async () => {
  const first = openScripted('a');
  first.say(broken);
  const { agent, events, failed } = await hedge(first, undefined, LONG_MS).lead;
  await expect(textsOf(events)).rejects.toBe(broken);
  expect([agent.agent_id, failed]).toEqual(['a', undefined]);
});

test('without a second agent the first one is waited for', async () => {
  const first = openScripted('a');
  const { lead, opened } = hedge(first, undefined);
  await opened;
  first.say(token('x'));
  expect((await lead).agent.agent_id).toBe('a');
});

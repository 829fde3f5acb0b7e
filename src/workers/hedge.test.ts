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
    if (event instanceof BatonError) throw event;
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
  return { called, state, say };
}

type Scripted = ReturnType<typeof openScripted>;

function hedge(first: Scripted, second: Scripted | undefined, afterMs = 1) {
  const failed: string[] = [];
  const opened = Promise.withResolvers<void>();
  const oneFailed = Promise.withResolvers<void>();
  const lead = openHedged({
    first: first.called,
    afterMs,
    openSecond: async () => {
      opened.resolve();
      return second?.called;
    },
    onFailed: ({ agent_id }, { code }) => {
      failed.push(`${agent_id} ${code}`);
      oneFailed.resolve();
    },
  });
  return { lead, opened: opened.promise, oneFailed: oneFailed.promise, failed };
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
  const { agent, events, other } = await hedge(first, second, LONG_MS).lead;
  expect([agent.agent_id, other]).toEqual(['a', undefined]);
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
  const { lead, opened, failed } = hedge(first, second);
  first.say(status('still thinking'));
  await opened;
  second.say(token('x'), plainDone);
  const { agent, other } = await lead;
  expect([agent.agent_id, other?.agent_id, first.state.left, second.state.left]).toEqual(['b', 'a', true, false]);
  expect(failed).toEqual([]);
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
  const { lead, opened, oneFailed, failed } = hedge(first, second);
  await opened;
  second.say(broken);
  await oneFailed;
  first.say(token('x'));
  expect([(await lead).agent.agent_id, first.state.left, failed]).toEqual(['a', false, ['b agent_failed']]);
});

test('when both fail, the failure of the last one is read', async () => {
  const [first, second] = [openScripted('a'), openScripted('b')];
  const { lead, opened, oneFailed, failed } = hedge(first, second);
  await opened;
  first.say(new BatonError('agent_timeout'));
  await oneFailed;
  second.say(broken);
  const { agent, events } = await lead;
  expect([agent.agent_id, failed]).toEqual(['b', ['a agent_timeout']]);
  await expect(textsOf(events)).rejects.toBe(broken);
});

test('a failure before the second call is the first agent’s own', async () => {
  const first = openScripted('a');
  first.say(broken);
  const { lead, failed } = hedge(first, undefined, LONG_MS);
  const { agent, events } = await lead;
  await expect(textsOf(events)).rejects.toBe(broken);
  expect([agent.agent_id, failed]).toEqual(['a', []]);
});

test('without a second agent the first one is waited for', async () => {
  const first = openScripted('a');
  const { lead, opened } = hedge(first, undefined);
  await opened;
  first.say(token('x'));
  expect((await lead).agent.agent_id).toBe('a');
});

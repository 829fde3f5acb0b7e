// The A2A transport against the SDK's own server, in both bindings and versions.
import { TaskState } from '@a2a-js/sdk';
import { describe, expect, test } from 'vitest';
import { type AgentEvent, plainDone as done } from '../../src/agents/call.ts';
import { BatonError } from '../../src/contracts/error.ts';
import { type A2aAgentOptions, type A2aBehaviour, openA2aAgent } from '../support/a2a-agent.ts';
import { askOverA2a } from '../support/a2a-call.ts';

const { TASK_STATE_WORKING, TASK_STATE_COMPLETED, TASK_STATE_FAILED, TASK_STATE_REJECTED, TASK_STATE_CANCELED } =
  TaskState;
const { TASK_STATE_INPUT_REQUIRED, TASK_STATE_AUTH_REQUIRED } = TaskState;

const token = (text: string) => ({ type: 'token', text });
const message = (text: string) => ({ type: 'message', text });

const streams: A2aBehaviour = (say) => {
  say.task();
  say.status(TASK_STATE_WORKING, 'thinking');
  for (const text of ['Hello', ' wor', 'ld 🥙']) say.artifact(text);
  say.status(TASK_STATE_COMPLETED);
};

const peers: readonly Pick<A2aAgentOptions, 'binding' | 'version'>[] = [
  { binding: 'JSONRPC', version: '1.0' },
  { binding: 'HTTP+JSON', version: '1.0' },
  { binding: 'JSONRPC', version: '0.3' },
  { binding: 'HTTP+JSON', version: '0.3' },
];

describe.each(peers)('a peer that speaks $binding $version', (peer) => {
  test('streams tokens and news of its work', async () => {
    await using opened = await openA2aAgent({ ...peer, behave: streams });
    const { events, error } = await askOverA2a(opened);
    expect(error).toBeNull();
    const whole = peer.version === '0.3' && peer.binding === 'HTTP+JSON'; // the SDK loses how its pieces belong together
    const news = { type: 'status', text: 'thinking' };
    const pieces = ['Hello', ' wor', 'ld 🥙'].map(token);
    expect(events).toEqual(whole ? [token('Hello world 🥙'), done] : [news, ...pieces, done]);
  });

  test('is asked once when it is static, and gives its artifacts', async () => {
    await using opened = await openA2aAgent({ ...peer, behave: streams, mode: 'static' });
    expect(await askOverA2a(opened)).toEqual({ events: [message('Hello world 🥙'), done], error: null });
    expect(opened.requests).toHaveLength(1);
  });

  test('may answer by a bare message', async () => {
    await using opened = await openA2aAgent({ ...peer, behave: (say) => say.message('at once') });
    expect((await askOverA2a(opened)).events).toEqual([message('at once'), done]);
  });

  test('asks twice, is answered in the same task and context, and completes', async () => {
    const heard: (string | undefined)[] = [];
    const behave: A2aBehaviour = (say, { userMessage, task }) => {
      const [part] = userMessage.parts;
      heard.push(part?.content?.$case === 'text' ? part.content.value : undefined);
      say.task();
      const asked = heard.length;
      if (asked === 1) say.artifact('To ');
      if (asked < 3) say.status(TASK_STATE_INPUT_REQUIRED, `question ${asked}`);
      if (asked < 3) return;
      expect(task?.id).toBeDefined();
      say.artifact('Rome');
      say.status(TASK_STATE_COMPLETED);
    };
    await using opened = await openA2aAgent({ ...peer, behave });
    const first = await askOverA2a(opened);
    const question = first.events.at(-1);
    expect(question).toMatchObject({ type: 'question', kind: 'input', text: 'question 1' });
    if (question?.type !== 'question') expect.fail('expected a question');
    const second = await askOverA2a(opened, { call: { answer: { text: 'in May', resume: question.resume } } });
    const again = second.events.at(-1);
    if (again?.type !== 'question') expect.fail('expected a question');
    expect(again.text).toBe('question 2');
    const third = await askOverA2a(opened, { call: { answer: { text: '', resume: again.resume } } });
    expect(third.error).toBeNull();
    expect(third.events.map((event) => ('text' in event ? event.text : event.type)).join('')).toBe('To Romedone');
    expect(heard.slice(1)).toEqual(['in May', 'Go on without an answer.']);
    expect(opened.cancelled).toEqual([]);
  });

  test('asks for authorization, which is a question too', async () => {
    const behave: A2aBehaviour = (say) => {
      say.task();
      say.status(TASK_STATE_AUTH_REQUIRED, 'log in at https://example.org');
    };
    await using opened = await openA2aAgent({ ...peer, behave });
    expect((await askOverA2a(opened)).events.at(-1)).toMatchObject({ type: 'question', kind: 'auth' });
  });

  test('is told when its caller stops', async () => {
    const behave: A2aBehaviour = async (say) => {
      say.task();
      say.artifact('first ');
      await say.hang();
    };
    if (peer.version === '0.3' && peer.binding === 'HTTP+JSON') return; // its answer comes whole, and its task's id with it
    await using opened = await openA2aAgent({ ...peer, behave });
    const caller = new AbortController();
    const { error } = await askOverA2a(opened, {
      signal: caller.signal,
      onEvent: () => caller.abort(new BatonError('lock_lost')),
    });
    expect(error?.code).toBe('lock_lost');
    await opened.cancelledOnce;
    expect(opened.cancelled).toHaveLength(1);
  });

  test.each([
    [TASK_STATE_FAILED, 'agent_failed', 'The agent "probe" reported: no flights'],
    [TASK_STATE_REJECTED, 'agent_rejected', 'The agent "probe" refused the task: no flights'],
    [TASK_STATE_CANCELED, 'agent_failed', 'The agent "probe" reported: its task was cancelled. no flights'],
  ])('ends badly in state %i as %s', async (state, code, text) => {
    const behave: A2aBehaviour = (say) => {
      say.task();
      say.status(state, 'no flights');
    };
    for (const mode of ['dynamic_events', 'static'] as const) {
      await using opened = await openA2aAgent({ ...peer, behave, mode });
      expect((await askOverA2a(opened)).error).toMatchObject({ code, message: text });
      expect(opened.cancelled).toEqual([]);
    }
  });
});

describe.each(peers.slice(0, 2))('a stream that breaks off over $binding', (peer) => {
  test('goes on where it was, and says nothing twice', async () => {
    const cut = Promise.withResolvers<void>();
    const back = Promise.withResolvers<void>();
    const behave: A2aBehaviour = async (say) => {
      say.task();
      say.artifact('one ');
      await cut.promise;
      say.artifact('two ');
      await back.promise;
      say.artifact('three');
      say.status(TASK_STATE_COMPLETED);
    };
    await using opened = await openA2aAgent({ ...peer, behave });
    const onEvent = (event: AgentEvent): void => {
      if (event.type === 'token' && event.text === 'one ') {
        opened.cut();
        cut.resolve();
      } else back.resolve();
    };
    const { events, error } = await askOverA2a(opened, { onEvent });
    expect(error).toBeNull();
    expect(events).toEqual([token('one '), token('two '), token('three'), done]);
  });

  test('is read to its end when the task has ended meanwhile', async () => {
    const cut = Promise.withResolvers<void>();
    const behave: A2aBehaviour = async (say) => {
      say.task();
      say.artifact('one ');
      await cut.promise;
      say.artifact('two');
      say.status(TASK_STATE_COMPLETED);
    };
    await using opened = await openA2aAgent({ ...peer, behave });
    const onEvent = (event: AgentEvent): void => {
      if (event.type !== 'token' || event.text !== 'one ') return;
      opened.cut();
      cut.resolve();
    };
    const { events } = await askOverA2a(opened, { onEvent });
    expect(events.map((event) => ('text' in event ? event.text : event.type)).join('')).toBe('one twodone');
  });
});

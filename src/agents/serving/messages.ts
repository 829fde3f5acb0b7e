import { randomUUID } from 'node:crypto';
import { BatonError, parseOr } from '../../contracts/error.ts';
import { defaults } from '../../contracts/limits.ts';
import { InboxPage, Message, messageLimits } from '../../contracts/message.ts';
import { type BatonDoor, type BatonReply, callBaton } from './messages-call.ts';
import { openSharedState, type SharedState } from './messages-state.ts';

export type AskOptions = Readonly<{
  /** `question`: to know something; `request`, the default: to have something done. */
  type?: 'request' | 'question';
  /** Milliseconds in which the answer must have come, 100 to 600,000; 30 s by default. */
  timeoutMs?: number;
  /** The message that this one replies to. */
  about?: Message;
  /** Sent again under the same id it is one message; a new one by default. */
  id?: string;
}>;

/** What a handler can do in its run beside answering: talk with other agents, and share state with them. */
export type RunDoor = Readonly<{
  /**
   * Says something to another agent of the run and waits for what it says to that: a response, or a question of its own. Throws
   * message_timeout, deadlock when they would wait for each other, agent_not_found, run_ended.
   */
  ask(to: string, text: string, options?: AskOptions): Promise<Message>;
  /** The same without waiting; the message's id comes back, which an answer has as `in_reply_to`. */
  send(to: string, text: string, options?: AskOptions): Promise<string>;
  /** Answers a message. */
  reply(message: Message, text: string): Promise<void>;
  /** What is said to this agent in the run, in order and each once, after a position or from the first one, until the call or the run ends. */
  inbox(after?: string): AsyncIterable<Message>;
  state: SharedState;
}>;

/** How much longer than a wait itself its HTTP call may take. */
const MARGIN_MS = 5_000;
/** Seconds of one look into the inbox. */
const LOOK_SECONDS = 20;

/** The door of one call of an agent. It holds nothing to close: the call's signal ends whatever it waits for. */
export function openRunDoor(door: BatonDoor): RunDoor {
  return {
    ask: (to, text, options = {}) => ask(door, draftOf(door, { to, text, options })),
    send: async (to, text, options = {}) => {
      const draft = { ...draftOf(door, { to, text, options }), waits: false };
      await post(door, draft);
      return draft.message_id;
    },
    reply: async (message, text) => {
      const draft = draftOf(door, { to: message.from, text, options: { about: message } });
      await post(door, { ...draft, type: 'response' });
    },
    inbox: (after = '0-0') => listen(door, after),
    state: openSharedState(door),
  };
}

type Said = Readonly<{ to: string; text: string; options: AskOptions }>;

function draftOf({ agent, taskId }: BatonDoor, { to, text, options }: Said) {
  const { type = 'request', timeoutMs = messageLimits.defaultTimeoutMs, about, id = randomUUID() } = options;
  const reply = about === undefined ? {} : { in_reply_to: about.message_id };
  return { message_id: id, from: agent, to, type, content: text, timeout_ms: timeoutMs, task_id: taskId, ...reply };
}

/** As long as the message waits, which may take several calls: under one id they are one message. */
async function ask(door: BatonDoor, draft: ReturnType<typeof draftOf>): Promise<Message> {
  for (;;) {
    const seconds = Math.min(defaults.preferWaitMaxSeconds, Math.ceil(draft.timeout_ms / 1_000));
    const { status, body } = await post(door, draft, seconds);
    if (status === 200) return parseOr(Message, body, 'unreachable');
  }
}

function post(door: BatonDoor, draft: object, waitSeconds = 0): Promise<BatonReply> {
  const waiting =
    waitSeconds === 0 ? {} : { headers: { prefer: `wait=${waitSeconds}` }, totalMs: waitSeconds * 1_000 + MARGIN_MS };
  return callBaton(door, { method: 'POST', path: '/messages', body: draft, ...waiting });
}

async function* listen(door: BatonDoor, after: string): AsyncGenerator<Message, void> {
  for (let position = after; !door.signal.aborted; ) {
    const page = await look(door, position);
    if (page === undefined || page.ended) return;
    yield* page.messages;
    position = page.next;
  }
}

/** Undefined when the call has ended meanwhile. */
async function look(door: BatonDoor, after: string): Promise<InboxPage | undefined> {
  const path = `/messages/${encodeURIComponent(door.agent)}?after=${after}&wait=${LOOK_SECONDS}`;
  try {
    const reply = await callBaton(door, { method: 'GET', path, totalMs: LOOK_SECONDS * 1_000 + MARGIN_MS });
    return parseOr(InboxPage, reply.body, 'unreachable');
  } catch (thrown) {
    if (door.signal.aborted) return undefined;
    throw BatonError.from(thrown);
  }
}

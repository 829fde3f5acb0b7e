import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ROOT_TASK } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { type MessageDraft, MessageRefusal, messageLimits } from '../contracts/message.ts';
import { loadScript, runScript } from './script.ts';
import type { Store } from './store.ts';

const script = loadScript(new URL('./send-message.lua', import.meta.url));

/** Marks of a chain that are kept: a loop is looked for among so many messages, the new one included. */
const MARKS = messageLimits.hops - 1;
/** Refusals of one run that are told and kept. */
const REFUSALS = 500;

export type MessageSending = {
  readonly run: string;
  /** `waitMs` 0: its sender does not wait. */
  readonly message: Pick<
    MessageDraft,
    'from' | 'to' | 'type' | 'content' | 'correlation_id' | 'in_reply_to' | 'task_id'
  > & {
    readonly message_id: string;
  };
  readonly waitMs: number;
  /** Stands for what it says, among those of its chain: 16 hex digits (markOf). */
  readonly mark: string;
  /** Why it is refused whatever the journal finds, unless it was sent before. */
  readonly refusal?: { readonly code: MessageRefusal; readonly about: string } | undefined;
};

/** What became of a message. Times in milliseconds since 1970 by Redis's clock; `answerBy` is null when its sender does not wait. */
export type Delivered =
  | {
      readonly state: 'sent';
      readonly position: string;
      readonly correlation: string;
      readonly hop: number;
      readonly answerBy: number | null;
      readonly now: number;
    }
  | { readonly state: 'refused'; readonly code: MessageRefusal; readonly about: string }
  /** Another message has this id. */
  | { readonly state: 'conflict' }
  /** What it replies to was not sent to its sender by its recipient. */
  | { readonly state: 'stranger' }
  /** What it replies to belongs to this chain, and it names another. */
  | { readonly state: 'chain'; readonly chain: string }
  | { readonly state: 'ended' }
  /** There is no such run. */
  | { readonly state: 'gone' };

/** Sends a message with message.sent, or refuses it with message.refused; sent twice it is one message with one outcome. */
export async function deliverMessage({ redis, keys }: Store, sending: MessageSending): Promise<Delivered> {
  const { message, waitMs, mark, refusal } = sending;
  const { run, events, messages, waits, inbox } = keys.run(sending.run);
  const { message_id, from, to, type, content, correlation_id = '', in_reply_to = '', task_id = ROOT_TASK } = message;
  const { hops, inbox: mostOfInbox, messages: mostOfRun, bytes } = messageLimits;
  const quoted = content.slice(0, limits.quoteChars).toWellFormed();
  const told = { message_id, from, to, type, content: quoted, in_reply_to: message.in_reply_to ?? null };
  const reply = await runScript(redis, script, {
    keys: [run, events, messages, waits, inbox(to)],
    args: [
      ...[message_id, digestOf([from, to, type, content, correlation_id, in_reply_to]), from, to, type, content],
      ...[correlation_id, in_reply_to, waitMs, mark, refusal?.code ?? '', refusal?.about ?? ''],
      ...[hops, mostOfInbox, mostOfRun, bytes, MARKS, REFUSALS, task_id, JSON.stringify(told).slice(0, -1)],
    ],
  });
  return parseReply(z.array(z.string()).parse(reply));
}

/** What a message of a chain is compared by: hex digits of who says what to whom. */
export function markOf(parts: readonly string[]): string {
  return digestOf(parts).slice(0, 16);
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function parseReply([state, ...rest]: readonly string[]): Delivered {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = rest;
  switch (state) {
    case 'sent': {
      const answerBy = fourth === '0' ? null : Number(fourth);
      return { state, position: first, correlation: second, hop: Number(third), answerBy, now: Number(fifth) };
    }
    case 'refused':
      return { state, code: MessageRefusal.parse(first), about: second };
    case 'chain':
      return { state, chain: first };
    case 'conflict':
    case 'stranger':
    case 'ended':
      return { state };
    default:
      return { state: 'gone' };
  }
}

import { randomUUID } from 'node:crypto';
import { BatonError, faultyError } from '../contracts/error.ts';
import { type MessageDraft, type MessageRefusal, messageLimits } from '../contracts/message.ts';
import { loadRecord } from '../journal/load-run.ts';
import { hasPart, loadMarks } from '../journal/messages.ts';
import { type Delivered, deliverMessage, type MessageSending, markOf } from '../journal/send-message.ts';
import type { Store } from '../journal/store.ts';
import { normalisedAnswer } from '../plan/answer-form.ts';
import { findLoop } from '../plan/loops.ts';

/** A message that was sent; times in milliseconds. */
export type Sent = {
  readonly message_id: string;
  readonly position: string;
  readonly correlation_id: string;
  readonly hop: number;
  /** By Redis's clock; null when its sender does not wait. */
  readonly answerBy: number | null;
  /** Until then. */
  readonly leftMs: number;
};

/**
 * Sends a message from one agent of a run to another. Throws run_not_found, run_ended, agent_not_found for one that is neither
 * registered nor part of the run, deadlock when agents would wait for each other, hop_limit, loop_detected, too_many_messages,
 * idempotency_conflict for another message under the same id, invalid_request for a reply to what its sender was not sent.
 */
export async function sendMessage(store: Store, run: string, draft: MessageDraft): Promise<Sent> {
  const stranger = await loadStranger(store, run, draft);
  const message_id = draft.message_id ?? randomUUID();
  const mark = markOf([draft.from, draft.to, normalisedAnswer(draft.content)]);
  const delivered = await deliverMessage(store, {
    ...{ run, mark, waitMs: waitOf(draft), message: { ...draft, message_id } },
    refusal: stranger ?? loopIn([...(await loadMarks(store, run, draft)), mark]),
  });
  if (delivered.state !== 'sent') throw refusalOf(draft, delivered);
  const { position, correlation, hop, answerBy, now } = delivered;
  const leftMs = answerBy === null ? 0 : Math.max(0, answerBy - now);
  return { message_id, position, correlation_id: correlation, hop, answerBy, leftMs };
}

/** Throws agent_not_found unless somebody is there who could be meant, run_not_found when there is no run. */
export async function checkAgent(
  store: Store,
  run: string,
  { field, agent }: { readonly field: string; readonly agent: string },
): Promise<void> {
  if (await hasPart(store, run, agent)) return;
  if ((await loadRecord(store, run)) === undefined) throw new BatonError('run_not_found');
  throw notFound(field, agent);
}

function notFound(field: string, agent: string): BatonError {
  return faultyError('agent_not_found', [
    { path: field, message: `"${agent}" is neither registered nor part of this run` },
  ]);
}

/** Who of a message's two agents is not there; undefined when both are. */
async function loadStranger(store: Store, run: string, { from, to }: MessageDraft): Promise<MessageSending['refusal']> {
  for (const agent of [to, from])
    if (!(await hasPart(store, run, agent))) return { code: 'agent_not_found', about: agent };
  return undefined;
}

/** A response waits for nothing. */
function waitOf({ type, waits, timeout_ms = messageLimits.defaultTimeoutMs }: MessageDraft): number {
  return waits && type !== 'response' ? timeout_ms : 0;
}

function loopIn(marks: readonly string[]): MessageSending['refusal'] {
  const loop = findLoop(marks);
  if (loop?.reason !== 'repeated') return undefined;
  return { code: 'loop_detected', about: `${loop.period} x ${loop.times}` };
}

function refusalOf({ from, to }: MessageDraft, delivered: Exclude<Delivered, { state: 'sent' }>): BatonError {
  switch (delivered.state) {
    case 'refused':
      if (delivered.code === 'agent_not_found')
        return notFound(delivered.about === to ? 'to' : 'from', delivered.about);
      return new BatonError(delivered.code, reasons[delivered.code](delivered.about));
    case 'conflict':
      return new BatonError('idempotency_conflict', 'Another message of this run has this id.');
    case 'stranger':
      return replyFault('in_reply_to', `"${to}" has sent no message with this id to "${from}" in this run`);
    case 'chain':
      return replyFault('correlation_id', `expected "${delivered.chain}", the chain of the message it replies to`);
    case 'ended':
      return new BatonError('run_ended');
    case 'gone':
      return new BatonError('run_not_found');
    default:
      return delivered satisfies never;
  }
}

function replyFault(path: string, message: string): BatonError {
  return faultyError('invalid_request', [{ path, message }]);
}

const reasons: Readonly<Record<Exclude<MessageRefusal, 'agent_not_found'>, (about: string) => string>> = {
  deadlock: (circle) =>
    `These agents would wait for each other: ${circle.split(' ').join(' -> ')}. Answer first, or do not wait for the answer.`,
  hop_limit: (most) => `This chain has its ${most} messages: end it, or begin another one.`,
  loop_detected: () => 'This chain says the same again and again: say something else, or end it.',
  too_many_messages: (what) =>
    what === 'inbox'
      ? `The inbox of its recipient holds ${messageLimits.inbox} messages, which is all it can.`
      : `A run has room for ${messageLimits.messages} messages of ${messageLimits.bytes} bytes together.`,
};

import { z } from 'zod';
import { InboxPage, Message, MessageAccepted, type MessageDraft, messageLimits } from '../contracts/message.ts';
import type { Http, HttpRequest } from './http.ts';
import { randomKey } from './random-key.ts';
import { pathOf } from './stream.ts';

type Call = Readonly<{ signal?: AbortSignal | undefined }>;

/** What one agent says to another; what may be left out has a default. */
export type MessageInput = z.input<typeof MessageDraft>;

export type MessageClient = {
  /** Sends a message in an agent's name; throws agent_not_found, deadlock, hop_limit, loop_detected, too_many_messages, run_ended. */
  sendMessage(run: string, message: MessageInput, options?: Call): Promise<MessageAccepted>;
  /** The same, and waits for the message that answers it: 30 s or its `timeout_ms`; throws message_timeout. */
  askAgent(run: string, message: MessageInput, options?: Call): Promise<Message>;
  /** One page of what was said to an agent, from the first message or after `after`, without waiting. */
  messages(
    run: string,
    agent: string,
    options?: Call & Readonly<{ after?: string | undefined; limit?: number | undefined }>,
  ): Promise<InboxPage>;
  /** What is said to an agent, in order and each once, until the run ends. Lasts as long as the run does: bound it by the signal. */
  inbox(run: string, agent: string, options?: Call & Readonly<{ after?: string | undefined }>): AsyncIterable<Message>;
};

/** Seconds of one wait: shorter than any answer may take here. */
const WAIT_SECONDS = 20;
const Answer = z.union([Message, MessageAccepted]);

/** What a client can do with what the agents of a run say to each other. */
export function openMessageClient(http: Http): MessageClient {
  /** Under an id of its own a message is one, however often it is sent. */
  const post = (run: string, { message_id = randomKey(), ...message }: MessageInput): HttpRequest => ({
    path: `${pathOf(run)}/messages`,
    method: 'POST',
    body: { message_id, ...message },
  });
  return {
    sendMessage: (run, message, { signal } = {}) => http.load(MessageAccepted, { ...post(run, message), signal }),
    askAgent: async (run, { timeout_ms = messageLimits.defaultTimeoutMs, ...message }, { signal } = {}) => {
      const headers = { prefer: `wait=${WAIT_SECONDS}` };
      const asking = { ...post(run, { ...message, timeout_ms }), headers, signal };
      for (;;) {
        const answer = await http.load(Answer, asking);
        if ('content' in answer) return answer;
      }
    },
    messages: (run, agent, { after, limit, signal } = {}) => {
      const query = new URLSearchParams({
        ...(after !== undefined && { after }),
        ...(limit !== undefined && { limit: `${limit}` }),
      });
      return http.load(InboxPage, { path: `${inboxOf(run, agent)}?${query}`, signal });
    },
    inbox: async function* (run, agent, { after = '0-0', signal } = {}) {
      for (let position = after; ; ) {
        const path = `${inboxOf(run, agent)}?after=${position}&wait=${WAIT_SECONDS}`;
        const page: InboxPage = await http.load(InboxPage, { path, signal });
        yield* page.messages;
        if (page.ended) return;
        position = page.next;
      }
    },
  };
}

function inboxOf(run: string, agent: string): string {
  return `${pathOf(run)}/messages/${encodeURIComponent(agent)}`;
}

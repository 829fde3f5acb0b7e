import { BatonError } from '../contracts/error.ts';
import type { StreamEvent } from '../contracts/event.ts';
import { type InboxPage, type Message, messageLimits } from '../contracts/message.ts';
import { loadAnswer, loadInbox } from '../journal/messages.ts';
import type { Store } from '../journal/store.ts';
import { STREAM_START } from '../streams/cursor.ts';
import { loadPage } from '../streams/page.ts';
import type { StreamReader } from '../streams/run-stream.ts';

/** What waits for messages: the process's one reader of streams tells when to look, so that a wait costs no connection. */
export type MessageTools = { readonly store: Store; readonly reader: Pick<StreamReader, 'read'> };

/** What is waited for, within a run, until `signal` aborts. */
type Waiting<T> = {
  readonly run: string;
  readonly signal: AbortSignal;
  readonly look: () => Promise<T | undefined>;
  /** Whether a message is worth a look. */
  readonly concerns: (event: Extract<StreamEvent, { name: 'message.sent' }>) => boolean;
};

/** What came of a wait: undefined when nothing did, since the signal aborted or, with `ended`, the run has. */
type Waited<T> = { readonly found: T | undefined; readonly ended: boolean };

/** The first answer to a message; undefined when `signal` aborts before. Throws run_ended when none can come any more. */
export async function awaitAnswer(
  { store, reader }: MessageTools,
  { run, message_id, signal }: { readonly run: string; readonly message_id: string; readonly signal: AbortSignal },
): Promise<Message | undefined> {
  const { found, ended } = await waitFor(
    { store, reader },
    {
      ...{ run, signal },
      look: () => loadAnswer(store, run, message_id),
      concerns: ({ detail }) => detail.in_reply_to === message_id,
    },
  );
  if (found === undefined && ended) throw new BatonError('run_ended', 'The run has ended before an answer came.');
  return found;
}

export type InboxReading = {
  readonly run: string;
  readonly agent: string;
  readonly after: string;
  readonly most: number;
  /** Ends the wait for a first message; undefined does not wait. */
  readonly signal: AbortSignal | undefined;
};

/** What was said to an agent after a position, as soon as there is something. Throws run_not_found. */
export async function readInbox(
  { store, reader }: MessageTools,
  { run, agent, after, most, signal = AbortSignal.abort() }: InboxReading,
): Promise<InboxPage> {
  const { found = [], ended } = await waitFor(
    { store, reader },
    {
      ...{ run, signal },
      look: async () => {
        const messages = await loadInbox(store, { run, agent, after, most: Math.min(most, messageLimits.page) });
        return messages.length === 0 ? undefined : messages;
      },
      concerns: ({ detail }) => detail.to === agent,
    },
  );
  return { messages: [...found], next: found.at(-1)?.position ?? after, ended: ended && found.length === 0 };
}

/** Looks, and looks again at every message that is worth it. Where the run's stream stood is read first: nothing falls in between. */
async function waitFor<T>({ store, reader }: MessageTools, waiting: Waiting<T>): Promise<Waited<T>> {
  const { run, signal, look, concerns } = waiting;
  const place = await loadPage(store, run, { after: STREAM_START, most: 0 });
  if (place === undefined) throw new BatonError('run_not_found');
  const present = await look();
  if (present !== undefined || place.ended) return { found: present, ended: place.ended };
  if (signal.aborted) return { found: undefined, ended: false };
  for await (const event of reader.read(run, { after: place.last, signal })) {
    if (event.name !== 'stream.gap' && !(event.name === 'message.sent' && concerns(event))) continue;
    const found = await look();
    if (found !== undefined) return { found, ended: false };
  }
  return { found: await look(), ended: !signal.aborted };
}

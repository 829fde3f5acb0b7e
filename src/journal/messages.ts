import { EventId } from '../contracts/ids.ts';
import { Message, messageLimits } from '../contracts/message.ts';
import type { StreamEntry } from './event-codec.ts';
import type { Store } from './store.ts';

export type InboxQuery = {
  readonly run: string;
  readonly agent: string;
  /** The position after which to begin. */
  readonly after: string;
  readonly most?: number;
};

/** What was said to an agent within a run, in order. */
export async function loadInbox(
  { redis, keys }: Store,
  { run, agent, after, most = messageLimits.page }: InboxQuery,
): Promise<readonly Message[]> {
  const entries = await redis.xrange(keys.run(run).inbox(agent), `(${after}`, '+', 'COUNT', most);
  return entries.map(decodeMessage);
}

/** The first answer to a message that was sent; undefined while there is none. */
export async function loadAnswer(store: Store, run: string, message: string): Promise<Message | undefined> {
  const { redis, keys } = store;
  const { messages, inbox } = keys.run(run);
  const id = await redis.hget(messages, `a:${message}`);
  const record = id === null ? null : await redis.hget(messages, `m:${id}`);
  const [, , to = '', , , position = ''] = record?.split(' ') ?? [];
  if (!EventId.safeParse(position).success) return undefined;
  const [entry] = await redis.xrange(inbox(to), position, position);
  return entry === undefined ? undefined : decodeMessage(entry);
}

/** The marks of the last messages of the chain that a message would belong to, oldest first; none for one that begins a chain. */
export async function loadMarks(
  { redis, keys }: Store,
  run: string,
  {
    correlation_id,
    in_reply_to,
  }: { readonly correlation_id?: string | undefined; readonly in_reply_to?: string | undefined },
): Promise<readonly string[]> {
  const { messages } = keys.run(run);
  const replied = in_reply_to === undefined ? null : await redis.hget(messages, `m:${in_reply_to}`);
  const chain = replied?.split(' ')[4] ?? correlation_id;
  const marks = chain === undefined ? null : await redis.hget(messages, `t:${chain}`);
  return (marks?.trim().split(' ') ?? []).toReversed();
}

/** The agents that something was said to. */
export async function loadCorrespondents({ redis, keys }: Store, run: string): Promise<readonly string[]> {
  const fields = await redis.hkeys(keys.run(run).messages);
  return fields.filter((field) => field.startsWith('i:')).map((field) => field.slice(2));
}

/** Whether an agent is registered, was made for the run, or has had a task of it. */
export async function hasPart({ redis, keys }: Store, run: string, agent: string): Promise<boolean> {
  const { agents, tasks, messages } = keys.run(run);
  const [registered, spawned, heard] = await Promise.all([
    redis.hexists(keys.agents, agent),
    redis.sismember(agents, agent),
    redis.hexists(messages, `i:${agent}`),
  ]);
  if (registered + spawned + heard > 0) return true;
  // It has left since: rare, so that all tasks may be looked at.
  const fields = Object.entries(await redis.hgetall(tasks));
  return fields.some(([field, value]) => field.endsWith(':agent') && value === agent);
}

function decodeMessage([position, fields]: StreamEntry): Message {
  const field = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) field.set(fields[at] ?? '', fields[at + 1] ?? '');
  const answerBy = Number(field.get('u') ?? 0);
  return Message.parse({
    position,
    message_id: field.get('m'),
    from: field.get('f'),
    to: field.get('o'),
    type: field.get('y'),
    content: field.get('c'),
    correlation_id: field.get('k'),
    in_reply_to: field.get('r') || null,
    hop: Number(field.get('h')),
    answer_by: answerBy === 0 ? null : new Date(answerBy).toISOString(),
    timestamp: new Date(Number(position.split('-')[0])).toISOString(),
  });
}

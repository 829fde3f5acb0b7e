import { z } from 'zod';
import { BatonError, type ErrorCode, parseOr } from '../../contracts/error.ts';
import type { Usage } from '../../contracts/result.ts';
import type { AgentDone } from '../call.ts';
import { firstText, toAgentFailure } from '../frame.ts';
import { refusalOf } from './post.ts';

// What servers of Chat Completions answer: a whole answer and a chunk of a stream differ in one name.

const Parts = z.array(z.looseObject({ type: z.string().nullish(), text: z.string().nullish() }));
const Said = z
  .looseObject({ content: z.union([z.string(), Parts]).nullish(), refusal: z.string().nullish() })
  .transform(({ content, refusal }) => ({ text: textOf(content), refusal: refusal ?? '' }));
const Choice = z.looseObject({ finish_reason: z.string().nullish(), delta: Said.nullish(), message: Said.nullish() });
const Count = z.int().min(0);
const Counted = z
  .looseObject({ prompt_tokens: Count, completion_tokens: Count.default(0), total_tokens: Count.optional() })
  .transform(
    ({ prompt_tokens, completion_tokens, total_tokens = prompt_tokens + completion_tokens }): Usage => ({
      prompt_tokens,
      completion_tokens,
      total_tokens,
    }),
  );

const Reply = z.looseObject({
  choices: z.array(Choice).nullish(),
  usage: Counted.nullish().catch(null),
  error: z.unknown().optional(),
});

/** One JSON value of such a server. `said` is null where it has no choice, as a chunk that only counts. */
export type ChatReply = Readonly<{
  said: Readonly<{ text: string; refusal: string }> | null;
  finish: string | null;
  usage: Usage | null;
}>;

/** Whom an answer comes from; `discreet`: its own words are for the log only. */
export type ChatPeer = Readonly<{ peer: string; discreet: boolean }>;

/** Reads one. Throws what an error in it says, and agent_protocol. Reasoning that some servers send beside is passed over. */
export function parseChatReply(json: string, from: ChatPeer): ChatReply {
  const reply = parseOr(Reply, parseJson(json, from), 'agent_protocol');
  if (reply.error !== undefined && reply.error !== null) throw toReportedError(reply.error, from);
  const choice = reply.choices?.[0];
  return {
    said: choice === undefined ? null : (choice.delta ?? choice.message ?? { text: '', refusal: '' }),
    finish: choice?.finish_reason ?? null,
    usage: reply.usage ?? null,
  };
}

/**
 * The end of an answer by its finish_reason: one that was cut is truncated. Throws agent_rejected for a filter's verdict and for the
 * model's own refusal, agent_protocol for a call of a tool that nobody offered.
 */
export function endOfChat(finish: string | null, usage: Usage | null, refusal: string, { peer }: ChatPeer): AgentDone {
  if (refusal !== '') throw new BatonError('agent_rejected', `${peer} refused: ${refusal.slice(0, 400)}`);
  if (finish === 'content_filter') throw new BatonError('agent_rejected', `${peer} was stopped by its content filter.`);
  if (finish === 'tool_calls' || finish === 'function_call')
    throw new BatonError('agent_protocol', `${peer} asked for a tool instead of answering.`);
  return { type: 'done', confidence: null, usage, truncated: finish === 'length' };
}

/** The text of parts that are text; what a model thinks aloud is another kind of part. */
function textOf(content: string | z.infer<typeof Parts> | null | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join('');
}

function parseJson(json: string, { peer }: ChatPeer): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new BatonError('agent_protocol', `${peer} did not answer in valid JSON.`, { cause });
  }
}

function toReportedError(error: unknown, { peer, discreet }: ChatPeer): BatonError {
  const cause = new Error(JSON.stringify(error).slice(0, 400));
  const account = discreet ? null : (firstText(error)?.slice(0, 400) ?? null);
  const code = codeOf(error);
  if (code === 'agent_failed' && account !== null) return toAgentFailure(account, peer, cause);
  return new BatonError(code, `${peer} reported ${account === null ? 'an error.' : `an error: ${account}`}`, { cause });
}

const Reported = z.looseObject({
  type: z.string().nullish().catch(null),
  code: z.union([z.string(), z.number()]).nullish().catch(null),
});

/** By the names that such servers use, or the HTTP status that some give as a code. */
function codeOf(error: unknown): ErrorCode {
  const { type, code } = Reported.safeParse(error).data ?? {};
  const byStatus = typeof code === 'number' ? refusalOf(code) : null;
  if (byStatus !== null && byStatus !== 'agent_protocol') return byStatus;
  const names = `${type ?? ''} ${code ?? ''}`;
  if (/rate_limit|overloaded|insufficient_quota/i.test(names)) return 'agent_busy';
  if (/invalid_request|authentication|permission|not_found|context_length|content_(?:filter|policy)/i.test(names))
    return 'agent_rejected';
  return 'agent_failed';
}

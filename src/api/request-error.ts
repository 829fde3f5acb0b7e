import { BatonError, type ErrorCode } from '../contracts/error.ts';

/** body-parser's `type` of an error it raises. */
const bodyErrors: ReadonlyMap<unknown, ErrorCode> = new Map([
  ['entity.parse.failed', 'invalid_json'],
  ['entity.too.large', 'body_too_large'],
  ['request.size.invalid', 'invalid_json'],
  ['request.aborted', 'invalid_json'], // the client has left in the middle: nobody hears this
  ['encoding.unsupported', 'unsupported_media_type'],
  ['charset.unsupported', 'unsupported_media_type'],
] satisfies [string, ErrorCode][]);

/** What ioredis says when a command was not answered; it has no class of its own for most of these. */
const unanswered =
  /^(Command timed out|Connection is closed|Command aborted|Stream isn't writeable|Socket (closed|timeout)|connect ETIMEDOUT)/;
const FULL = 'Redis is full: nothing new is accepted until finished runs leave, or it gets more memory.';
/** What Redis itself says when it cannot serve for a while. */
const refusing = /^(LOADING|READONLY|OOM|MISCONF|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|UNBLOCKED)\b/;
const networkCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** Anything a handler threw, as one of ours: express's and body-parser's refusals, Redis away, or internal with the cause. */
export function toRequestError(thrown: unknown): BatonError {
  if (thrown instanceof BatonError) return thrown;
  const { type, status } = thrown instanceof Error ? (thrown as { type?: unknown; status?: unknown }) : {}; // http-errors adds them
  const code = bodyErrors.get(type);
  if (code !== undefined) return new BatonError(code, undefined, { cause: thrown });
  // Express throws it for a path that is not valid percent-encoding: no such address can exist.
  if (thrown instanceof URIError && status === 400) return new BatonError('not_found', undefined, { cause: thrown });
  if (isStoreFull(thrown)) return new BatonError('store_full', FULL, { cause: thrown });
  return BatonError.from(thrown, isStoreFailure(thrown) ? 'store_unavailable' : 'internal');
}

function isStoreFull(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'ReplyError' && thrown.message.startsWith('OOM ');
}

/** True when Redis was away, or said that it cannot serve for now. */
function isStoreFailure(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if (thrown.name === 'MaxRetriesPerRequestError') return true;
  if (thrown.name === 'ReplyError') return refusing.test(thrown.message);
  return unanswered.test(thrown.message) || networkCodes.has((thrown as { code?: unknown }).code); // Node's system errors carry it
}

import { BatonError, errorCodeOf, Problem } from '../../contracts/error.ts';
import { limits } from '../../contracts/limits.ts';
import { readText } from '../../outbound/body.ts';
import type { HttpClient } from '../../outbound/http.ts';

/** Where baton is, for agents that talk back to it; `http` is the operator's client, since it is his address. */
export type BatonAddress = Readonly<{ http: HttpClient; url: string }>;

/** One agent at work in one run. `address` is undefined where the agent knows of no baton, `runId` where nobody said which run it is. */
export type BatonDoor = Readonly<{
  address: BatonAddress | undefined;
  agent: string;
  runId: string | undefined;
  taskId: string;
  signal: AbortSignal;
}>;

export type BatonCall = Readonly<{
  method: 'GET' | 'POST' | 'PATCH';
  /** Below the run's own address. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: object;
  /** Milliseconds until the answer must have come. */
  totalMs?: number;
}>;

export type BatonReply = Readonly<{ status: number; body: unknown; etag: string | null }>;

/** A call that waits for nothing but baton itself. */
const CALL_MS = 10_000;
/** An inbox page at its largest (100 messages of signs that are six bytes each as JSON), and a run’s state. */
const MAX_BYTES = 20 * limits.bodyBytes;

/** Calls baton about the run. Throws what baton refuses it with, and unreachable when there is no baton, or no run to speak of. */
export async function callBaton(door: BatonDoor, call: BatonCall): Promise<BatonReply> {
  const { address, runId, signal, agent } = door;
  if (address === undefined || runId === undefined) {
    const missing = address === undefined ? 'it was given no batonUrl' : 'its call names no run';
    throw new BatonError('unreachable', `Agent "${agent}" cannot talk to baton: ${missing}.`);
  }
  const { method, path, headers = {}, body, totalMs = CALL_MS } = call;
  const response = await address.http.request({
    url: `${address.url.replace(/\/+$/, '')}/v1/runs/${runId}${path}`,
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
    limits: { firstByteMs: totalMs, idleMs: totalMs, totalMs, maxBytes: MAX_BYTES },
    peer: 'The baton API',
  });
  const text = await readText(response.body);
  const { status } = response;
  if (status >= 200 && status < 300) return { status, body: parse(text), etag: response.header('etag') };
  throw refusalOf(status, text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BatonError('unreachable', 'What answers at batonUrl is not baton: its answer is not JSON.', { cause });
  }
}

function refusalOf(status: number, text: string): BatonError {
  const problem = Problem.safeParse(parse(text));
  if (!problem.success)
    return new BatonError('unreachable', `What answers at batonUrl is not baton: it answered ${status}.`);
  const { code, detail, errors } = problem.data;
  return new BatonError(errorCodeOf(code), detail, { faults: errors });
}

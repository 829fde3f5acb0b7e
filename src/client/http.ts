import type { z } from 'zod';
import { BatonError, type ErrorCode, errorCatalogue, Problem } from '../contracts/error.ts';
import { backoffMs, pause } from './backoff.ts';

const TRIES = 3;
const RETRY_BASE_MS = 250;
/** Longer than any request but a stream may take on the server's side. */
const ANSWER_MS = 30_000;

export type Http = {
  /** One request, no second try. Throws the answer's problem as a BatonError, or `internal` when nobody answers. */
  send(request: HttpRequest): Promise<Response>;
  /** The parsed body. Every request of this client may be repeated, so what is worth another try gets it, three in all. */
  load<S extends z.ZodType>(schema: S, request: HttpRequest): Promise<z.output<S>>;
  /** The same for a body that is no JSON. */
  loadText(request: HttpRequest): Promise<string>;
};

export type HttpRequest = Readonly<{
  /** Below the server's address, without a leading slash. */
  path: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}>;

export type HttpOptions = Readonly<{
  /** Where baton listens, as in http://127.0.0.1:4000; a path before /v1 is kept. */
  url: string;
  fetch?: typeof globalThis.fetch;
}>;

/** Requests to one baton. Holds nothing open. */
export function openHttp({ url, fetch = globalThis.fetch }: HttpOptions): Http {
  const base = url.endsWith('/') ? url : `${url}/`;

  async function send({ path, method = 'GET', headers = {}, body, signal }: HttpRequest): Promise<Response> {
    const response = await fetch(new URL(path, base), {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw nobodyAnswers(url, error);
    });
    if (!response.ok) throw await problemOf(response, url);
    return response;
  }

  async function answered<T>(request: HttpRequest, read: (response: Response) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const limit = AbortSignal.timeout(ANSWER_MS);
        const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
        return await read(await send({ ...request, signal }));
      } catch (thrown) {
        request.signal?.throwIfAborted();
        const error = thrown instanceof BatonError ? thrown : nobodyAnswers(url, thrown);
        if (!error.retryable || attempt === TRIES) throw error;
      }
      await pause(backoffMs(attempt, RETRY_BASE_MS), request.signal);
    }
  }

  async function parseBody<S extends z.ZodType>(schema: S, response: Response): Promise<z.output<S>> {
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    throw new BatonError(
      'internal',
      `${url} answered in a form that this client does not know: are both of one version?`,
      {
        cause: parsed.error,
      },
    );
  }

  return {
    send,
    load: (schema, request) =>
      answered({ ...request, headers: { accept: 'application/json', ...request.headers } }, (response) =>
        parseBody(schema, response),
      ),
    loadText: (request) => answered(request, (response) => response.text()),
  };
}

function nobodyAnswers(url: string, cause: unknown): BatonError {
  return new BatonError('unreachable', `No baton answers at ${url}: start one with "baton start", or give its URL.`, {
    cause,
  });
}

/** The error an answer stands for. An answer that is no problem of ours comes from something between us and baton. */
async function problemOf(response: Response, url: string): Promise<BatonError> {
  const { data: problem } = Problem.safeParse(await response.json().catch(() => undefined));
  if (problem !== undefined && isKnown(problem.code)) {
    return new BatonError(problem.code, problem.detail, { faults: problem.errors });
  }
  const code = response.status >= 500 ? 'internal' : 'invalid_request';
  return new BatonError(code, `${url} answered with HTTP ${response.status}: expected baton there.`, {
    cause: problem,
  });
}

function isKnown(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

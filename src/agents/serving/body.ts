import type { IncomingMessage } from 'node:http';
import { BatonError } from '../../contracts/error.ts';

export type BodyLimits = Readonly<{ maxBytes: number; timeoutMs: number }>;

/**
 * The whole body of a request that says it is JSON. Throws unsupported_media_type (also for a compressed one, which could
 * unpack to any size), body_too_large, request_timeout when it comes too slowly.
 */
export async function readJsonBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const type = (request.headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (type !== 'application/json' || encoding !== 'identity') throw new BatonError('unsupported_media_type');
  if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes) throw new BatonError('body_too_large');
  return collect(request, limits);
}

/** Parses a body. Throws invalid_json. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new BatonError('invalid_json', undefined, { cause });
  }
}

// By events and not by iteration: leaving the iteration would destroy the socket, and the refusal with it.
function collect(request: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (): void => {
      clearTimeout(timer);
      request.off('data', add).off('end', finish).off('close', leave);
    };
    const refuse = (error: BatonError): void => {
      settle();
      request.resume(); // what still comes is dropped
      reject(error);
    };
    const add = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes > maxBytes) refuse(new BatonError('body_too_large'));
    };
    const finish = (): void => {
      settle();
      resolve(Buffer.concat(chunks));
    };
    const leave = (): void => refuse(new BatonError('cancelled', 'The caller has gone.'));
    const timer = setTimeout(() => refuse(new BatonError('request_timeout')), timeoutMs);
    request.on('data', add).on('end', finish).on('close', leave);
  });
}

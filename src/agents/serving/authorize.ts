import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BatonError } from '../../contracts/error.ts';

/** Who may call a served agent: whoever shows one of these. The registry is told by the definition's `auth`, which names where baton finds the secret. */
export type ServeAuth = Readonly<{
  /** The token of `Authorization: Bearer <token>`, or a function that knows it. */
  bearer?: string | ((token: string) => boolean | Promise<boolean>);
  /** A header of your own and its value. */
  header?: Readonly<{ name: string; secret: string }>;
}>;

/** Throws unauthorized unless the request shows what is asked for. */
export type Guard = (request: IncomingMessage) => Promise<void>;

/** Lets everybody in when `auth` is absent. Throws config_invalid for one that names no secret: it would let in nobody, or everybody. */
export function openGuard(auth: ServeAuth | undefined): Guard {
  if (auth === undefined) return async () => {};
  const { bearer, header } = auth;
  if ((bearer === undefined && header === undefined) || bearer === '' || header?.secret === '' || header?.name === '') {
    throw new BatonError('config_invalid', 'auth: expected a bearer token, or a header with a name and a secret.');
  }
  return async (request) => {
    if (bearer !== undefined && (await hasToken(request, bearer))) return;
    if (header !== undefined && hasHeader(request, header)) return;
    throw new BatonError(
      'unauthorized',
      'This agent is called with a secret, and the request shows none that is right.',
    );
  };
}

async function hasToken(request: IncomingMessage, bearer: NonNullable<ServeAuth['bearer']>): Promise<boolean> {
  const token = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return false;
  return typeof bearer === 'string' ? isSame(token, bearer) : (await bearer(token)) === true;
}

function hasHeader(request: IncomingMessage, { name, secret }: NonNullable<ServeAuth['header']>): boolean {
  const value = request.headers[name.toLowerCase()];
  return typeof value === 'string' && isSame(value, secret);
}

/** Takes as long for a wrong secret as for a right one, whatever their lengths. */
function isSame(given: string, secret: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(secret));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

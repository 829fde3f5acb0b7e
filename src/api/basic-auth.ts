import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { BatonError } from '../contracts/error.ts';

export type Credentials = { readonly user: string; readonly password: string };

/** Lets only these credentials pass (RFC 7617); anybody else gets unauthorized and is asked for them. */
export function basicAuth(expected: Credentials): RequestHandler {
  return (request, response, next) => {
    if (isAllowed(request.get('Authorization'), expected)) {
      next();
      return;
    }
    response.set('WWW-Authenticate', 'Basic realm="baton", charset="UTF-8"');
    throw new BatonError('unauthorized');
  };
}

/** Whether an Authorization header carries these credentials; takes the same time wherever they differ. */
export function isAllowed(header: string | undefined, expected: Credentials): boolean {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1] ?? '';
  const given = Buffer.from(encoded, 'base64').toString();
  return timingSafeEqual(digest(given), digest(`${expected.user}:${expected.password}`));
}

/** Equal lengths, which timingSafeEqual needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

import type { RequestHandler, Response } from 'express';
import { BatonError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import type { Door } from './tools.ts';

/** Memory comes back when runs end and leave: sooner than this, asking again is in vain. */
const RETRY_AFTER_SECONDS = 10;

/** Stands before what begins a run: store_full while Redis is nearly full, so that what runs can go on to its end. */
export function refuseWhenFull(door: Pick<Door, 'pressure'>): RequestHandler {
  return async (_request, response, next) => {
    await requireRoom(door, response);
    next();
  };
}

/** The same for a handler that does not always begin a run. */
export async function requireRoom({ pressure }: Pick<Door, 'pressure'>, response: Response): Promise<void> {
  const share = await pressure.share();
  if (share <= limits.storeFullShare) return;
  response.set('Retry-After', `${RETRY_AFTER_SECONDS}`);
  const [used, most] = [share, limits.storeFullShare].map((part) => `${Math.round(100 * part)} %`);
  throw new BatonError(
    'store_full',
    `Redis uses ${used} of its memory, new runs are taken up to ${most}: ask again later.`,
  );
}

import type { Request } from 'express';
import { BatonError } from '../contracts/error.ts';
import { RunId } from '../contracts/ids.ts';

/** The run that an address names; throws run_not_found for what cannot be one, as for one that is not there. */
export function runIdOf(request: Request): string {
  const id = RunId.safeParse(request.params.id);
  if (!id.success) throw new BatonError('run_not_found');
  return id.data;
}

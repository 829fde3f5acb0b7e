import { inspect } from 'node:util';
import type { AgentAccess } from '../contracts/agent-access.ts';
import { BatonError } from '../contracts/error.ts';
import { causesOf } from './causes.ts';
import type { Secrets } from './secrets.ts';

const HIDDEN = '[secret]';
/** A text that was clipped within a secret may show so many characters of its beginning. */
const SHOWN_CHARS = 6;

/**
 * A failed call's error without the secret that the agent was shown: many servers repeat what they refuse. Its causes become one
 * where one of them told it. Any other error is given back as it is.
 */
export async function conceal(access: AgentAccess, error: BatonError, secrets: Secrets): Promise<BatonError> {
  if (access.auth === null) return error;
  const secret = await secrets.read(access.auth.secret_ref).catch(() => null); // the agent was shown none, then
  if (secret === null) return error;
  const hide = (text: string): string => without(text, secret);
  // Packages' errors carry more than a message, and the log shows all of it.
  const told = [...accountsOf(error), inspect(error, { depth: 8, maxStringLength: Number.POSITIVE_INFINITY })];
  if (told.every((text) => hide(text) === text)) return error;
  return new BatonError(error.code, hide(error.message), {
    cause: new Error(accountsOf(error.cause).map(hide).join(': ')),
    faults: error.faults.map(({ path, message }) => ({ path, message: hide(message) })),
    retryAfterMs: error.retryAfterMs,
  });
}

function accountsOf(thrown: unknown): readonly string[] {
  return thrown instanceof Error ? causesOf(thrown).map(({ message }) => message) : [String(thrown)];
}

/** As it is and as JSON has it, wherever it stands; and its beginning, where the text was clipped in it. */
function without(text: string, secret: string): string {
  const forms = [secret, JSON.stringify(secret).slice(1, -1)];
  const hidden = forms.reduce((shown, form) => shown.replaceAll(form, HIDDEN), text);
  for (let length = Math.min(secret.length - 1, hidden.length); length >= SHOWN_CHARS; length -= 1)
    if (hidden.endsWith(secret.slice(0, length))) return `${hidden.slice(0, -length)}${HIDDEN}`;
  return hidden;
}

import { type ChildProcess, fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AgentEvent } from '../../agents/call.ts';
import { BatonError, errorCodeOf } from '../../contracts/error.ts';
import type { Invocation } from '../attempt.ts';
import { type IsolatedCall, IsolatedWord, WORD_TAKEN } from './message.ts';

/** Beside this file, as source or as built. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));

/** A call says its next word when the last one was taken: one that says more is none of ours, and would fill this process. */
const WORDS_WAITING = 1;

/** More than the process gives itself, in milliseconds. */
const LEAVE_MS = 1_000;

/**
 * Calls an agent in a process of its own, as a suspect is called: a task whose workers have died, which may have ended them. Should
 * the call end its process, that is a failed call of this one task (worker_died), and nobody else's. `return()` ends the call at once,
 * also while a `next()` is waiting.
 */
export function invokeIsolated(modules: readonly string[], invocation: Invocation): AsyncIterable<AgentEvent> {
  return {
    [Symbol.asyncIterator]: () => {
      const left = new AbortController();
      const signal = AbortSignal.any([invocation.signal, left.signal]);
      const events = speak(modules, { ...invocation, signal });
      return {
        next: () => events.next(),
        return: async () => {
          left.abort(new BatonError('cancelled', 'The reader has stopped.'));
          return events.return();
        },
      };
    },
  };
}

async function* speak(
  modules: readonly string[],
  { agent, call, limits = {}, signal }: Invocation,
): AsyncGenerator<AgentEvent, void> {
  signal.throwIfAborted();
  const child = fork(entry, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const end = (): void => endProcess(child);
  signal.addEventListener('abort', end, { once: true });
  try {
    const told: IsolatedCall = { modules: [...modules], agent, call, limits: { ...limits } };
    child.send(told);
    yield* wordsOf(child);
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown; // its end was ours, and not the call's
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/** It may clear up what it called, but only for a moment: a call that hangs heeds nothing. */
function endProcess(child: ChildProcess): void {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), LEAVE_MS);
  child.once('exit', () => clearTimeout(force));
}

/** Until its channel is closed, and not until it ends: a word may still be in the channel then. */
async function* wordsOf(child: ChildProcess): AsyncGenerator<AgentEvent, void> {
  let waiting = 0;
  child.on('message', () => {
    waiting += 1;
    if (waiting > WORDS_WAITING) child.kill('SIGKILL');
  });
  for await (const [message] of on(child, 'message', { close: ['disconnect'] })) {
    if (waiting > WORDS_WAITING) throw new BatonError('output_too_large', 'The call said more than it was asked for.');
    waiting -= 1;
    const word = IsolatedWord.parse(message);
    if (word.type === 'error') throw toError(word);
    yield word;
    if (word.type === 'done' || word.type === 'question') return;
    child.send(WORD_TAKEN, () => undefined); // one that has died meanwhile is heard of by its channel's end
  }
  throw new BatonError('worker_died');
}

function toError({ code, message, retryAfterMs }: Extract<IsolatedWord, { type: 'error' }>): BatonError {
  return new BatonError(errorCodeOf(code), message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

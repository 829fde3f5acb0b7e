import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';

/** Where a command writes: results to stdout, what is said about them to stderr. */
export type Output = {
  /** Writes to stdout, no faster than it is read. Nothing happens once nobody reads any more. */
  write(text: string): Promise<void>;
  /** One line on stderr, under the program's name: it may share the screen with logs. */
  say(line: string): void;
  /** Aborts when the reader of stdout has gone, as `head` does. */
  readonly gone: AbortSignal;
  /** Whether stdout is a terminal with colours that NO_COLOR does not forbid. */
  readonly colours: boolean;
};

type Streams = { readonly stdout: Writable & Partial<Pick<WriteStream, 'hasColors'>>; readonly stderr: Writable };

/** Lives as long as the process: its streams cannot be given back. */
export function openOutput({ stdout, stderr }: Streams): Output {
  const gone = new AbortController();
  stdout.on('error', (error) => {
    if (isBrokenPipe(error)) gone.abort();
    else throw error;
  });
  // Nobody is left to be told.
  stderr.on('error', () => undefined);
  return {
    gone: gone.signal,
    // Node asks NO_COLOR, FORCE_COLOR and TERM here; what is no terminal has no such method.
    colours: stdout.hasColors?.() ?? false,
    say: (line) => void stderr.write(`baton: ${line}\n`),
    write: async (text) => {
      if (text === '' || gone.signal.aborted || stdout.write(text)) return;
      await once(stdout, 'drain', { signal: gone.signal }).catch((error: unknown) => {
        if (!gone.signal.aborted) throw error;
      });
    },
  };
}

function isBrokenPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}

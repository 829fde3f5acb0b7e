import { isTerminalEvent, type StreamEvent } from '../contracts/event.ts';
import type { Door } from './tools.ts';

export type Follow = {
  readonly run: string;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: StreamEvent) => void;
};

/** Hears a run's events from the first one on. True at its end, false when `signal` came before. What a JSON answer waits on. */
export async function followRun(reader: Door['reader'], { run, signal, onEvent }: Follow): Promise<boolean> {
  try {
    for await (const event of reader.read(run, { signal })) {
      onEvent?.(event);
      if (isTerminalEvent(event.name)) return true;
    }
    return false;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

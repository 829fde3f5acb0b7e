import type { StreamEvent } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';

/** An event with about the bytes that it holds in memory. All readers of a run share the event itself. */
export type SizedEvent = { readonly event: StreamEvent; readonly bytes: number };

/** What a reader finds: an event, that it fell too far behind, or (undefined) that its signal aborted. */
export type Found = StreamEvent | 'lagged' | undefined;

/** The live events that one reader has not taken yet, at most limits.readerBacklogBytes of them. */
export class Backlog {
  #events: SizedEvent[] = [];
  #taken = 0;
  #bytes = 0;
  #lagged = false;
  #failure: Error | undefined;
  #changed: (() => void) | undefined;

  /** Adds an event. False when there is no room: then all is dropped, and the reader goes on by replay. */
  push(sized: SizedEvent): boolean {
    this.#bytes += sized.bytes;
    if (this.#bytes > limits.readerBacklogBytes) {
      this.lag();
      return false;
    }
    this.#events.push(sized);
    this.#changed?.();
    return true;
  }

  /** Drops what is held: the reader goes on by replay from where it is. */
  lag(): void {
    this.#lagged = true;
    this.#events = [];
    this.#changed?.();
  }

  /** Makes `next` throw, after what is held. */
  fail(error: Error): void {
    this.#failure = error;
    this.#changed?.();
  }

  /** The next event, waiting for it if need be. */
  async next(signal: AbortSignal): Promise<Found> {
    while (!signal.aborted) {
      if (this.#lagged) return 'lagged';
      const event = this.#take();
      if (event !== undefined) return event;
      if (this.#failure !== undefined) throw this.#failure;
      await this.#change(signal);
    }
    return undefined;
  }

  #take(): StreamEvent | undefined {
    const sized = this.#events[this.#taken];
    if (sized === undefined) return undefined;
    this.#taken += 1;
    this.#bytes -= sized.bytes;
    // What is taken is let go of now and then, not each time: moving the rest up costs as much as the rest is long.
    if (this.#taken * 2 >= this.#events.length) {
      this.#events.splice(0, this.#taken);
      this.#taken = 0;
    }
    return sized.event;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        signal.removeEventListener('abort', end);
        this.#changed = undefined;
        resolve();
      };
      this.#changed = end;
      signal.addEventListener('abort', end, { once: true });
    });
  }
}

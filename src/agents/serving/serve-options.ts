import { BatonError } from '../../contracts/error.ts';
import { defaults } from '../../contracts/limits.ts';
import type { ServeAuth } from './authorize.ts';
import type { HealthCheck } from './health.ts';
import type { ServeTls } from './listen.ts';
import type { Log } from './registration.ts';

export type ServeOptions = Readonly<{
  /** 0, the default, is any free port. */
  port?: number;
  /** Listen address; 127.0.0.1 by default. */
  host?: string;
  /** The URL by which workers reach this agent; from host and port when absent. */
  publicUrl?: string;
  /** The baton API to register with; http://127.0.0.1:4000 by default, null for none. */
  batonUrl?: string | null;
  heartbeatMs?: number;
  /** Who may call; everybody by default. */
  auth?: ServeAuth;
  /** Serves https; with `ca` only callers that show a certificate of it. */
  tls?: ServeTls;
  /** Handlers that run at once, 1 to 10,000; 32 by default. Also the descriptor's max_concurrent_tasks, unless that is given. */
  concurrency?: number;
  /** Calls that may wait beside those, 0 to 10,000; 64 by default. One more gets 429. */
  queue?: number;
  /** Finished answers kept by their Idempotency-Key, 0 to 100,000; 0 by default. */
  remember?: number;
  /** Whether the agent serves; asked by GET /health and before each heartbeat. Always true by default. */
  health?: HealthCheck;
  /** Milliseconds in which a request must have come whole, 100 to 600,000; 30 s by default. */
  requestTimeoutMs?: number;
  /** Milliseconds that running calls get when it closes, 0 to 600,000; 25 s by default. */
  drainMs?: number;
  /** Told of registration, outages and failures of the handler; standard error by default. */
  log?: Log;
  /** Stop on SIGINT and SIGTERM; true by default. */
  signals?: boolean;
}>;

/** Every number of the options: its default, and what it may be. */
const numbers = {
  concurrency: { given: 32, min: 1, max: 10_000 },
  queue: { given: 64, min: 0, max: 10_000 },
  remember: { given: 0, min: 0, max: 100_000 },
  requestTimeoutMs: { given: 30_000, min: 100, max: 600_000 },
  drainMs: { given: defaults.drainMs, min: 0, max: 600_000 },
} as const;

type Numbers = Readonly<Record<keyof typeof numbers, number>>;

/** The numbers among the options. Throws config_invalid that names the one that is out of its bounds. */
export function toNumbers(options: ServeOptions): Numbers {
  const numberOf = (name: keyof Numbers): number => {
    const { given, min, max } = numbers[name];
    const value = options[name] ?? given;
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new BatonError('config_invalid', `${name}: expected a whole number from ${min} to ${max}, came ${value}.`);
  };
  return {
    concurrency: numberOf('concurrency'),
    queue: numberOf('queue'),
    remember: numberOf('remember'),
    requestTimeoutMs: numberOf('requestTimeoutMs'),
    drainMs: numberOf('drainMs'),
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentDescriptor } from '../../contracts/agent.ts';
import { BatonError } from '../../contracts/error.ts';
import { defaults } from '../../contracts/limits.ts';
import { readText } from '../../outbound/body.ts';
import type { HttpClient } from '../../outbound/http.ts';

export type Log = (message: string, error?: unknown) => void;

export type RegistrationOptions = Readonly<{
  http: HttpClient;
  /** Base URL of the baton API. */
  batonUrl: string;
  descriptor: AgentDescriptor;
  /** Names who serves, so that one that leaves late does not take its successor out. */
  instance: string;
  heartbeatMs: number;
  /** The agent's own view of itself: while it is false the registry hears nothing, and takes it for gone. */
  isWell: () => Promise<boolean>;
  log: Log;
}>;

/** An agent's place in the registry, kept by heartbeats. */
export type Registration = Readonly<{
  /** Stops the heartbeats and takes the agent out of the registry. Never throws. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

/** Registry calls are small and on the way to nothing else: a slow one is given up and tried again. */
const callLimits = { firstByteMs: 2_000, idleMs: 2_000, totalMs: 4_000, maxBytes: 1_000_000 };

/**
 * Registers (PUT) and then says every `heartbeatMs` that the agent serves; a 404 registers again. An API that is away is
 * tried again with backoff, for ever, and logged once per outage. Resolves after the first try, whatever came of it.
 */
export async function openRegistration(options: RegistrationOptions): Promise<Registration> {
  const { descriptor, heartbeatMs, log } = options;
  const stop = new AbortController();
  let registered = false;
  let failures = 0;
  let well = true;

  const stillWell = async (): Promise<boolean> => {
    const before = well;
    well = await options.isWell();
    if (before && !well)
      log(`Agent "${descriptor.agent_id}" says that it does not serve: no heartbeats until it does.`);
    return well;
  };
  const beat = async (): Promise<void> => {
    if (registered && (await send(options, 'POST', stop.signal)) !== 404) return;
    await send(options, 'PUT', stop.signal);
    registered = true;
    log(`Agent "${descriptor.agent_id}" at ${descriptor.endpoint} is registered with ${options.batonUrl}.`);
  };
  const attempt = async (): Promise<void> => {
    try {
      if (await stillWell()) await beat();
      failures = 0;
    } catch (thrown) {
      failures += 1;
      if (failures === 1 && !stop.signal.aborted) log(outageText(options, thrown));
    }
  };
  const keep = async (): Promise<void> => {
    while (await waited(failures === 0 ? heartbeatMs : backoffMs(failures, heartbeatMs), stop.signal)) await attempt();
  };

  await attempt();
  const kept = keep();
  const close = async (): Promise<void> => {
    stop.abort(new BatonError('draining'));
    await kept;
    await send(options, 'DELETE').catch((thrown: unknown) => log(leaveText(options, thrown)));
  };
  return { close, [Symbol.asyncDispose]: close };
}

function outageText({ descriptor, batonUrl }: RegistrationOptions, thrown: unknown): string {
  const reason = BatonError.from(thrown).message;
  return `Agent "${descriptor.agent_id}" could not reach the registry at ${batonUrl}: ${reason} Trying again.`;
}

function leaveText({ descriptor, batonUrl }: RegistrationOptions, thrown: unknown): string {
  const reason = BatonError.from(thrown).message;
  return `Agent "${descriptor.agent_id}" could not leave the registry at ${batonUrl}: ${reason} It leaves by its health time.`;
}

/** Doubles from a first try that is never later than a heartbeat. */
function backoffMs(failures: number, heartbeatMs: number): number {
  const first = Math.min(defaults.backoffMs, heartbeatMs);
  const delay = Math.min(first * defaults.backoffFactor ** (failures - 1), defaults.backoffMaxMs);
  return delay * (1 - defaults.backoffJitter * Math.random());
}

/** True after the time, false at once when `signal` aborts. */
function waited(delayMs: number, signal: AbortSignal): Promise<boolean> {
  return sleep(delayMs, true, { signal }).catch(() => false);
}

/** One call of the registry: its status when it is 2xx, or one by which an id is not ours. Throws for any other. */
async function send(
  options: RegistrationOptions,
  method: 'PUT' | 'POST' | 'DELETE',
  signal?: AbortSignal,
): Promise<number> {
  const { http, batonUrl, descriptor } = options;
  const heartbeat = method === 'POST';
  const address = `${batonUrl.replace(/\/+$/, '')}/v1/agents/${encodeURIComponent(descriptor.agent_id)}`;
  const response = await http.request({
    url: heartbeat ? `${address}/heartbeat` : address,
    method,
    headers: {
      accept: 'application/json',
      'x-baton-instance': options.instance,
      ...(method === 'PUT' ? { 'content-type': 'application/json' } : {}),
    },
    ...(method === 'PUT' ? { body: JSON.stringify(descriptor) } : {}),
    ...(signal === undefined ? {} : { signal }),
    limits: callLimits,
    peer: 'The baton API',
  });
  const text = await readText(response.body);
  const { status } = response;
  if ((status >= 200 && status < 300) || (status === 404 && method !== 'PUT')) return status;
  // Somebody else serves under this id by now: there is nothing of ours to take out.
  if (status === 409 && method === 'DELETE') return status;
  throw new BatonError('invalid_request', `The baton API answered ${status} to ${method}: ${text.slice(0, 200)}`);
}

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { defaults } from '../contracts/limits.ts';
import { openHttp } from '../outbound/http.ts';
import { type AgentDefinition, toDescriptor } from './definition.ts';
import { callLimitsOf, openApp } from './serving/app.ts';
import { openGuard } from './serving/authorize.ts';
import { type AgentHealth, openHealth } from './serving/health.ts';
import { closeServer, listen, onFirstSignal, urlOf } from './serving/listen.ts';
import { openMemory } from './serving/memory.ts';
import { openPayloadCheck } from './serving/payload-check.ts';
import { openPlaces, type Places } from './serving/places.ts';
import { type Log, openRegistration, type Registration } from './serving/registration.ts';
import { type ServeOptions, toNumbers } from './serving/serve-options.ts';

export type { ServeOptions } from './serving/serve-options.ts';

/** An agent that serves. `close` leaves the registry, lets running calls end within drainMs, and frees the port. */
export type ServedAgent = Readonly<{
  url: string;
  descriptor: AgentDescriptor;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>;

/** Milliseconds for the last bytes of answers that have ended. */
const FAREWELL_MS = 1_000;

/** Serves one agent over HTTP and keeps it registered with baton. Throws config_invalid for a faulty definition, option or port. */
export async function serveAgent(definition: AgentDefinition, options: ServeOptions = {}): Promise<ServedAgent> {
  const { port = 0, host = '127.0.0.1', batonUrl = 'http://127.0.0.1:4000', log = print, tls } = options;
  const { concurrency, queue, remember, requestTimeoutMs, drainMs } = toNumbers(options);
  const describe = (endpoint: string): AgentDescriptor =>
    toDescriptor(definition, { transport: 'http', endpoint, max_concurrent_tasks: concurrency });
  // Faults are named before a port is taken.
  const { payload_schema } = describe(options.publicUrl ?? 'http://127.0.0.1');
  const limits = callLimitsOf(definition);
  const places = openPlaces({ concurrency, queue, waitMs: Math.min(defaults.agentIdleMs, limits.totalMs) });
  const health = openHealth({ agentId: definition.id, places, check: options.health ?? (() => true) });
  const http = openHttp({ policy: 'operator' });
  const app = openApp({
    agent: definition,
    address: batonUrl === null ? undefined : { http, url: batonUrl },
    guard: openGuard(options.auth),
    places,
    memory: openMemory({ remember, limits, peer: `The agent "${definition.id}"` }),
    health,
    check: openPayloadCheck(payload_schema),
    requestTimeoutMs,
    log,
  });
  const server = await listen(app, { host, port, tls, requestTimeoutMs });
  const url = urlOf(server, { host, tls });
  const descriptor = describe(options.publicUrl ?? url);
  warnOfLockedDoor({ definition, options, log });
  const register = { http, descriptor, instance: randomUUID(), isWell: health.isWell, log };
  const heartbeatMs = options.heartbeatMs ?? defaults.heartbeatMs;
  const registration = batonUrl === null ? null : await openRegistration({ ...register, batonUrl, heartbeatMs });

  const closeAll = async (): Promise<void> => {
    forget();
    await leave({ registration, health, places, server, drainMs });
    await http.close();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  const stop = (): void =>
    void close().catch((thrown: unknown) => log(`Agent "${definition.id}" did not stop cleanly.`, thrown));
  const forget = (options.signals ?? true) ? onFirstSignal(stop) : (): void => {};
  return { url, descriptor, close, [Symbol.asyncDispose]: close };
}

type Leaving = Readonly<{
  registration: Registration | null;
  health: AgentHealth;
  places: Places;
  server: Server;
  drainMs: number;
}>;

/** Calls are taken until the registry knows, and only then refused: so a worker that chooses by the registry sees no refusal. */
async function leave({ registration, health, places, server, drainMs }: Leaving): Promise<void> {
  health.leave();
  await registration?.close();
  places.drain();
  const late = new AbortController();
  await Promise.race([places.empty(), sleep(drainMs, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
  await closeServer(server, places.running() === 0 ? FAREWELL_MS : 0);
}

type Door = Readonly<{ definition: AgentDefinition; options: ServeOptions; log: Log }>;

/** An agent that asks for a secret of which baton is not told would only refuse its calls. */
function warnOfLockedDoor({ definition, options, log }: Door): void {
  if (options.auth === undefined || options.batonUrl === null || definition.auth !== undefined) return;
  log(
    `Agent "${definition.id}" asks for a secret, but its definition has no "auth" that names it: baton's calls get 401.`,
  );
}

function print(message: string, error?: unknown): void {
  console.error(...(error === undefined ? [message] : [message, error]));
}

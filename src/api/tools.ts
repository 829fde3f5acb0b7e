// The door: requests become use cases, runs become answers and streams. Here: what the door is given by whoever assembles it.

import type { PoolAmounts } from '../contracts/pool.ts';
import type { Pressure } from '../journal/pressure.ts';
import type { submitRun } from '../orchestrator/submit-run.ts';
import type { ChangeReader } from '../registry/change-reader.ts';
import type { Discovery } from '../registry/discovery.ts';
import type { Registry } from '../registry/registry.ts';
import type { StreamReader } from '../streams/run-stream.ts';
import type { CardSource } from './agent-card.ts';
import type { BoardQueue } from './dashboard.ts';

/** The queues and the store that the use cases of a run take. */
export type Flow = Parameters<typeof submitRun>[0];

/** Where failures are written, once each; pino's logger is one. */
export type Log = Readonly<Record<'info' | 'warn' | 'error', (fields: object, text: string) => void>>;

export type ApiTools = Readonly<{
  flow: Flow;
  registry: Pick<Registry, 'register' | 'remove' | 'heartbeat' | 'list' | 'find'>;
  /** The descriptor that an agent's card gives, fields of one's own replacing the card's. Throws when it cannot be had. */
  agentOfCard(cardUrl: unknown, own: Readonly<Record<string, unknown>>): Promise<unknown>;
  agentChanges: Pick<ChangeReader, 'read'>;
  /** Null without a foreign discovery service. */
  discovery: Pick<Discovery, 'state' | 'refresh'> | null;
  reader: Pick<StreamReader, 'read'>;
  /** The model that plans and answers, and whether it is the offline stand-in; null when none is configured. */
  model: { readonly name: string; readonly offline: boolean } | null;
  /** Who may see the dashboard; null: nobody in production, everybody on this machine otherwise. */
  admin: { readonly user: string; readonly password: string } | null;
  production: boolean;
  /** What baton's own agent card says. */
  card: CardSource;
  /** Why no agent may be at this URL, in the words of a fault, or null; names are looked up only when the agent is called. */
  whyRefused(url: string): string | null;
  /** All there is in the pool of spawned agents. */
  pool: PoolAmounts;
  boardQueues: readonly BoardQueue[];
  /** Calls of the model of a run that names no bound. Default defaults.maxModelCalls. */
  maxModelCalls?: number;
  /** How long POST /orchestrate waits for an answer. Default 10 min. */
  orchestrateMs?: number;
  log: Log;
}>;

/** The same, the signal that aborts when this process begins to shut down, and how full the store is. */
export type Door = ApiTools & Readonly<{ draining: AbortSignal; pressure: Pressure }>;

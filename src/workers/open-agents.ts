import { canCall } from '../agents/can-call.ts';
import { invokeAgent } from '../agents/invoke.ts';
import type { CallTools } from '../agents/transports/transport.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Price } from '../contracts/budget.ts';
import type { PoolAmounts } from '../contracts/pool.ts';
import type { Store } from '../journal/store.ts';
import { type BreakerRule, openBreakers } from '../registry/breaker.ts';
import { openChooser } from '../registry/choose.ts';
import { openOutcomes } from '../registry/outcomes.ts';
import { openPermits } from '../registry/permit.ts';
import { openProbe } from '../registry/probe.ts';
import { openRegistry, type Registry } from '../registry/registry.ts';
import { openSpawner, type Spawner } from '../registry/spawner.ts';
import { openTemplates } from '../registry/template-store.ts';
import type { TaskTools } from './attempt.ts';
import { openLocalHeartbeat } from './local-heartbeat.ts';

/** Everything by which the tasks of a worker find, choose, make and call agents. */
export type Agents = Pick<TaskTools, 'chooser' | 'outcomes' | 'spawner' | 'invoke'> & { readonly registry: Registry };

export type AgentsOptions = {
  readonly store: Store;
  /** What calls are made with. */
  readonly calls: CallTools;
  readonly settings: {
    readonly breaker: BreakerRule;
    /** Milliseconds a task waits for an agent, and for room in the pool. */
    readonly waitMs: number;
    /** What spawned agents may hold together, and whether they are made unasked. */
    readonly capacity: PoolAmounts;
    readonly mode: 'auto' | 'asked';
    /** What the configured model costs; undefined without one. */
    readonly price: Price | undefined;
    /** How long a sign of life counts, in milliseconds. */
    readonly healthTtlMs: number;
  };
  /** Has what is opened closed with the process. */
  readonly use: <T extends AsyncDisposable>(name: string, resource: T) => T;
  /** Hears of trouble that belongs to no task. */
  readonly onError: (about: Readonly<Record<string, unknown>>, text: string) => void;
};

/** Opens them. This process's own agents are registered then, and those of its commands kept healthy. */
export async function openAgents({ store, calls, settings, use, onError }: AgentsOptions): Promise<Agents> {
  const registry = openRegistry({
    ...store,
    healthTtlMs: settings.healthTtlMs,
    onUnreadable: (agent, err) => onError({ err, agent }, 'this agent cannot be read and is passed over'),
  });
  use('heartbeat', await openHeartbeat({ registry, calls, settings, onError }));
  const breakers = openBreakers(settings.breaker);
  const outcomes = use(
    'outcomes',
    openOutcomes({
      ...{ ...store, breakers, onServed: registry.noteServed },
      onError: (err) => onError({ err }, 'what became of calls could not be counted'),
    }),
  );
  const onLease = (err: unknown): void => onError({ err }, 'slots of agents could not be renewed or given back');
  const permits = use('permits', openPermits({ ...store, breakers, onError: onLease }));
  const chooser = openChooser({
    ...{ registry, permits, waitMs: settings.waitMs, probe: openProbe(calls.http) },
    canCall: (agent) => canCall(agent, calls),
  });
  const spawner = openRunSpawner({ store, settings, onError }, registry);
  return { registry, chooser, outcomes, spawner, invoke: (call) => invokeAgent({ ...call, ...calls }) };
}

type Beating = Pick<AgentsOptions, 'calls' | 'settings' | 'onError'> & { readonly registry: Registry };

function openHeartbeat({ registry, calls, settings, onError }: Beating): Promise<AsyncDisposable> {
  return openLocalHeartbeat({
    registry,
    agents: calls.local.descriptors,
    healthTtlMs: settings.healthTtlMs,
    runsHere: (agent: AgentDescriptor) => agent.transport === 'command' && canCall(agent, calls),
    onError: (err) => onError({ err }, 'the heartbeat of the agents of this worker failed'),
  });
}

function openRunSpawner(
  { store, settings, onError }: Pick<AgentsOptions, 'store' | 'settings' | 'onError'>,
  registry: Registry,
): Spawner {
  const { capacity, mode, price, waitMs } = settings;
  const onUnreadable = (template: string, err: unknown): void =>
    onError({ err, template }, 'this template cannot be read and is passed over');
  return openSpawner({
    ...{ store, capacity, mode, price, waitMs },
    ...{ agents: registry.list, onSpawned: registry.refresh },
    templates: openTemplates({ ...store, onUnreadable }),
  });
}

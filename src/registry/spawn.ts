import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import type { EventDetail } from '../contracts/event.ts';
import { limits } from '../contracts/limits.ts';
import { type PoolAmounts, poolUnits } from '../contracts/pool.ts';
import { loadScript, runScript } from '../journal/script.ts';
import type { Store } from '../journal/store.ts';
import { descriptorOf, holdingOf, type Making } from './spawn-descriptor.ts';

const script = loadScript(new URL('./spawn.lua', import.meta.url));

export type Spawning = Making & {
  /** Of the task: a newer attempt makes its own agent, which is the same one. */
  readonly epoch: number;
  /** All there is in the pool, by this process's settings. */
  readonly capacity: PoolAmounts;
  /** By which the template was chosen; null when it was named. */
  readonly score: number | null;
};

/**
 * Makes an agent from a template, takes what it needs of the pool, and says agent.spawned, in one step; the same agent when it has
 * been made before. Throws resource_unavailable when the pool has too little left, cancelled when the run ends, lock_lost when a
 * newer attempt owns the task, agent_creation_failed when no agent comes of the template: nothing is held then.
 */
export async function spawnAgent({ redis, keys }: Store, spawning: Spawning): Promise<AgentDescriptor> {
  const agent = descriptorOf(spawning);
  const run = keys.run(spawning.run);
  const reply = await runScript(redis, script, {
    keys: [
      ...[run.run, run.tasks, run.events, run.agents, keys.agents, keys.agentOrigins, keys.agentEvents],
      ...[keys.poolHeld, keys.templateStats],
    ],
    args: argsOf(spawning, agent),
  });
  const [code, unit] = reply as [number, string]; // the script returns nothing else
  if (code < 0) throw refusalOf(code, unit, { agent, capacity: spawning.capacity });
  return agent;
}

function argsOf(spawning: Spawning, agent: AgentDescriptor): readonly (string | number)[] {
  const { task, epoch, template, score, capacity } = spawning;
  const { name, capabilities, transport } = agent;
  const detail: EventDetail<'agent.spawned'> = { agent_id: agent.agent_id, template: template.id, score };
  return [
    ...[agent.agent_id, task, epoch, JSON.stringify(agent), JSON.stringify(holdingOf(spawning))],
    ...[limits.agentEvents, JSON.stringify({ name, capabilities, transport, source: 'spawned' })],
    poolUnits.length,
    ...poolUnits.flatMap((unit) => [unit, capacity[unit]]),
    ...[`Made ${name} from the template "${template.id}"`, JSON.stringify(detail)],
  ];
}

type Refused = { readonly agent: AgentDescriptor; readonly capacity: PoolAmounts };

function refusalOf(code: number, unit: string, { agent, capacity }: Refused): BatonError {
  if (code === -1) return new BatonError('lock_lost');
  if (code === -3) return new BatonError('cancelled', 'The run has ended.');
  if (code === -4)
    return new BatonError('agent_creation_failed', `Somebody has registered an agent called "${agent.agent_id}".`);
  const there = poolUnits.find((known) => known === unit);
  const of = there === undefined ? '' : ` of ${capacity[there]}`;
  return new BatonError('resource_unavailable', `The pool${of} ${unit} has too little left for another ${agent.name}.`);
}

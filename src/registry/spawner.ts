import { setTimeout as pause } from 'node:timers/promises';
import type { AgentDescriptor, Capability } from '../contracts/agent.ts';
import type { Price } from '../contracts/budget.ts';
import { BatonError, faultyError } from '../contracts/error.ts';
import { defaults } from '../contracts/limits.ts';
import type { SubTask } from '../contracts/plan.ts';
import type { PoolAmounts } from '../contracts/pool.ts';
import type { Store } from '../journal/store.ts';
import { useFaults } from '../plan/template-faults.ts';
import { type Match, matchTemplates, skillsAsked } from '../plan/template-match.ts';
import { parameterFaults } from '../plan/template-prompt.ts';
import type { RegisteredAgent } from './registered-agent.ts';
import { spawnAgent } from './spawn.ts';
import { loadExclusive } from './spawn-find.ts';
import { couldServe } from './spawn-need.ts';
import { isSpawned } from './spawn-owner.ts';
import { retireSettled } from './spawn-retire.ts';
import type { TemplateStore } from './template-store.ts';

/** How often a task looks again whether the pool has room. */
const LOOK_AGAIN_MS = 250;

export type SpawnerOptions = {
  readonly store: Store;
  readonly templates: Pick<TemplateStore, 'list'>;
  /** Every agent of a capability. */
  readonly agents: (capability: Capability) => Promise<readonly Pick<RegisteredAgent, 'agent'>[]>;
  readonly capacity: PoolAmounts;
  /** auto: also for tasks that did not ask for a template and that no agent can take. */
  readonly mode: 'auto' | 'asked';
  /** What the configured model costs; undefined without a model, and then no agents are made. */
  readonly price: Price | undefined;
  /** How long a task waits for room in the pool, in milliseconds. */
  readonly waitMs: number;
  /** Hears that there is another agent now. */
  readonly onSpawned?: () => void;
};

/** A task in work: its agent is made under its epoch. */
export type SpawnNeed = { readonly run: string; readonly epoch: number; readonly task: SubTask };

/** Makes agents from templates. */
export type Spawner = {
  /**
   * The agent for a task that asks for a template: always the same one for all its attempts. Throws template_not_found, invalid_plan
   * for values that the template does not take, no_suitable_agent when no template fits, model_not_configured, and what spawnAgent
   * throws; resource_unavailable only after it has waited.
   */
  make(need: SpawnNeed, signal: AbortSignal): Promise<AgentDescriptor>;
  /**
   * Makes an agent for a task that no registered one can take, now or later; it serves the other tasks of its run too. True when the
   * run has one that can take it; false when none is made: it was not asked for, or no template fits.
   */
  instead(need: SpawnNeed, signal: AbortSignal): Promise<boolean>;
  /** What calls of its agents cost; undefined when it makes none. */
  readonly price: Price | undefined;
  /** A task that asks for a template, with its template's retries and time where it names none of its own. */
  targeted(task: SubTask): Promise<SubTask>;
};

/** Opens a spawner; it keeps nothing. */
export function openSpawner(options: SpawnerOptions): Spawner {
  const { templates, store } = options;
  const chosen = async (task: SubTask): Promise<Match | undefined> =>
    matchTemplates(await candidatesOf(options, task))[0];

  async function make(need: SpawnNeed, signal: AbortSignal): Promise<AgentDescriptor> {
    const { task, run } = need;
    if (options.price === undefined) throw new BatonError('model_not_configured');
    const before = await loadExclusive(store, run, task.task_id);
    if (before !== undefined) return before;
    rejectFaultyUse(task, await templates.list());
    const match = await chosen(task);
    if (match === undefined) throw noTemplate(task);
    return spawnWithin(options, { need, match, exclusive: true }, signal);
  }

  async function instead(need: SpawnNeed, signal: AbortSignal): Promise<boolean> {
    const { task, run } = need;
    if (options.mode === 'asked' || options.price === undefined || task.agent !== undefined) return false;
    const able = (await options.agents(task.required_capability)).filter(({ agent }) =>
      couldServe(agent, { task, run }),
    );
    if (able.some(({ agent }) => !isSpawned(agent))) return false;
    const match = await chosen(task);
    if (match === undefined) return false;
    const hasOwn = able.length > 0;
    try {
      // Tasks that begin together make an agent each, as far as the pool goes; the rest share these.
      await spawnWithin({ ...options, ...(hasOwn && { waitMs: 0 }) }, { need, match, exclusive: false }, signal);
    } catch (thrown) {
      if (!hasOwn || !(thrown instanceof BatonError) || thrown.code !== 'resource_unavailable') throw thrown;
    }
    return true;
  }

  async function targeted(task: SubTask): Promise<SubTask> {
    if (task.template === undefined || (task.retries !== undefined && task.timeout_ms !== undefined)) return task;
    const template = (await chosen(task))?.template;
    if (template === undefined) return task; // it fails when its agent is to be made
    const timeoutMs = Math.max(defaults.taskTimeoutMs, Math.round(1_000 * template.timeout_seconds));
    return {
      ...task,
      retries: task.retries ?? template.retry_attempts,
      timeout_ms: task.timeout_ms ?? timeoutMs,
    };
  }

  return { make, instead, price: options.price, targeted };
}

/** The templates that may be chosen for a task: the one that it names, those that take its parameters, or those that may come unasked. */
async function candidatesOf(
  { templates, capacity }: SpawnerOptions,
  { template: use, domain, required_capability }: SubTask,
) {
  const listed = await templates.list();
  const named = use?.id;
  const able = listed.filter((template) => {
    if (!template.capabilities.includes(required_capability)) return false;
    if (named !== undefined) return template.id === named;
    return use === undefined ? template.automatic : parameterFaults(template, use.parameters).length === 0;
  });
  const candidates = able.map(({ shipped: _, record, ...template }) => ({ template, record }));
  // A task that names its template has made the choice: its domain is for the prompt.
  const skills = named === undefined ? skillsAsked(domain, able) : [];
  return { capability: required_capability, skills, candidates, capacity };
}

function rejectFaultyUse(task: SubTask, templates: Parameters<typeof useFaults>[1]): void {
  const id = task.template?.id;
  if (id !== undefined && templates.every((template) => template.id !== id))
    throw new BatonError('template_not_found', `There is no template "${id}".`);
  const faults = useFaults(task, templates);
  if (faults.length > 0) throw faultyError('invalid_plan', faults);
}

type Spawn = { readonly need: SpawnNeed; readonly match: Match; readonly exclusive: boolean };

/** Spawns as soon as the pool has room: what tasks of the run itself no longer need makes some. */
async function spawnWithin(
  { store, capacity, price, waitMs, onSpawned = () => undefined }: SpawnerOptions,
  { need, match, exclusive }: Spawn,
  signal: AbortSignal,
): Promise<AgentDescriptor> {
  if (price === undefined) throw new BatonError('model_not_configured');
  const { run, epoch, task } = need;
  const { template: use, domain, task_id } = task;
  const score = use?.id === undefined ? match.score : null;
  const spawning = {
    run,
    epoch,
    exclusive,
    capacity,
    price,
    score,
    use,
    domain,
    task: task_id,
    template: match.template,
  };
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      const agent = await spawnAgent(store, spawning);
      onSpawned();
      return agent;
    } catch (thrown) {
      if (!(thrown instanceof BatonError) || thrown.code !== 'resource_unavailable') throw thrown;
      const hasRoom = (await retireSettled(store, run)) > 0;
      if (!hasRoom && performance.now() >= deadline) throw thrown;
      if (!hasRoom) await pause(LOOK_AGAIN_MS, undefined, { signal });
    }
  }
}

function noTemplate({ required_capability, domain }: SubTask): BatonError {
  const about = domain === undefined ? '' : ` and "${domain}"`;
  return new BatonError(
    'no_suitable_agent',
    `No template offers all that this task requires: ${required_capability}${about}.`,
  );
}

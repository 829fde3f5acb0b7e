import type { Capability } from '../contracts/agent.ts';
import { type Fault, faultsOf } from '../contracts/error.ts';
import { Plan, type SubTask } from '../contracts/plan.ts';
import type { PlanAssessment, TaskAssessment } from '../contracts/plan-assessment.ts';
import type { Store } from '../journal/store.ts';
import { calledAs, expectedCalls, expectedPath, knownSum, levelList } from '../plan/expected.ts';
import { estimateOf } from '../plan/price.ts';
import { validatePlan } from '../plan/validate.ts';
import type { Mean } from '../registry/agent-history.ts';
import { rankAgents } from '../registry/rank.ts';
import type { RegisteredAgent } from '../registry/registered-agent.ts';
import { isSpawned } from '../registry/spawn-owner.ts';
import { loadTemplateFaults } from './check-templates.ts';

/** A body of 1 MB can have a fault per byte. */
const FAULTS_TOLD = 100;

/**
 * What would become of a plan, were it run now: its faults, its order, the agents that would be chosen, and what is known of their time
 * and price. `given` is anything: what is no plan has faults. Nothing is changed, and no agent is called.
 */
export async function assessPlan(
  store: Store,
  agents: readonly RegisteredAgent[],
  given: unknown,
): Promise<PlanAssessment> {
  const parsed = Plan.safeParse(given);
  if (!parsed.success) return faulty(faultsOf(parsed.error));
  const plan = parsed.data;
  const graphFaults = validatePlan(plan);
  if (graphFaults.length > 0) return faulty(graphFaults);
  const faults = await loadTemplateFaults(store, plan);
  const registered = agents.filter(({ agent }) => !isSpawned(agent));
  const tasks = plan.sub_tasks.map((task) => assessTask(task, registered));
  const path = expectedPath(plan, tasks);
  return {
    ...faulty(faults),
    levels: levelList(plan),
    critical_path: path,
    tasks,
    estimate: {
      ms: knownSum(path.map(({ ms }) => ms)),
      cost: knownSum(tasks.map(({ cost }) => cost)),
      tokens: knownSum(tasks.map(({ tokens }) => tokens)),
    },
  };
}

function faulty(faults: readonly Fault[]): PlanAssessment {
  const shown = faults.slice(0, FAULTS_TOLD).map(({ path, message }) => ({
    path: path === '' ? 'plan' : `plan.${path}`,
    message,
  }));
  const nothing = { levels: [], critical_path: [], tasks: [], estimate: { ms: null, cost: null, tokens: null } };
  return { valid: faults.length === 0, faults: shown, ...nothing };
}

function assessTask(task: SubTask, agents: readonly RegisteredAgent[]): TaskAssessment {
  const calls = expectedCalls(task);
  const unknown = { task_id: task.task_id, calls, latency_ms: null, tokens: null, cost: null };
  if (task.kind === 'approval') {
    return { ...unknown, agent: null, candidates: 0, considered: 0, reason: 'a human decides, no agent is called' };
  }
  // Whether a worker can call an in-process agent its heartbeat tells: only workers that have it send one.
  const called = calledAs(task);
  const ranking = rankAgents({ task: called, agents, failed: [], canCall: () => true, turn: 0 });
  const seen = { candidates: ranking.eligible.length, considered: ranking.considered };
  const [chosen] = ranking.free;
  if (task.template !== undefined) {
    return { ...unknown, ...seen, agent: null, candidates: 0, reason: 'an agent is made for it from a template' };
  }
  if (chosen === undefined) return { ...unknown, ...seen, agent: null, reason: reasonOf(task, ranking.candidates) };
  return {
    ...{ ...unknown, ...seen, agent: chosen.agent.agent_id, reason: null },
    ...expense(chosen, called.required_capability, calls),
  };
}

type Candidate = { readonly agent_id: string; readonly reason: string | null };

/** Of a task pinned to one agent that one's reason counts. */
function reasonOf({ required_capability, agent }: SubTask, candidates: readonly Candidate[]): string {
  const told = candidates.find(({ agent_id }) => agent_id === agent) ?? candidates[0];
  if (told === undefined) return `no agent offers ${required_capability}`;
  return `${told.agent_id}: ${told.reason ?? 'it may not be called now'}`;
}

type Expense = Pick<TaskAssessment, 'latency_ms' | 'tokens' | 'cost'>;

/**
 * What so many calls of an agent will take: by the means of its work of the capability; where those say nothing, the time of its latest
 * calls, and what a budget would set aside.
 */
function expense({ agent, record, history }: RegisteredAgent, capability: Capability, calls: number | null): Expense {
  const work = history?.[capability];
  const isPriced = agent.price !== undefined;
  const { tokens, cost } = estimateOf(agent);
  const ofAll = (each: number | null): number | null => (calls === null || each === null ? null : calls * each);
  return {
    latency_ms: knownMean(work?.latencyMs) ?? record.latencyMs,
    tokens: ofAll(knownMean(work?.tokens) ?? (isPriced || agent.max_tokens !== null ? tokens : null)),
    cost: ofAll(knownMean(work?.cost) ?? (isPriced ? cost : null)),
  };
}

function knownMean(mean: Mean | undefined): number | null {
  return mean === undefined || mean.weight === 0 ? null : mean.mean;
}

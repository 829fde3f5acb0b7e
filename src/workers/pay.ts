// How a task's calls are paid from its run's budget. Runs without one never come further than the first line of `setAside`.
import type { AgentQuestion } from '../agents/call.ts';
import { type AgentDescriptor, isSelfContained } from '../contracts/agent.ts';
import type { Price, Spending } from '../contracts/budget.ts';
import type { TaskJob } from '../contracts/job.ts';
import type { TaskResult } from '../contracts/result.ts';
import { type Funds, heldFunds } from '../journal/funds.ts';
import { reserve } from '../journal/reserve.ts';
import type { Store } from '../journal/store.ts';
import { chargeOf, estimateOf, largerOf } from '../plan/price.ts';

/** How long a job stays away when the money for its call is set aside for others, in milliseconds. */
export const FUNDS_WAIT_MS = 250;

/** What an attempt may pay its call from. */
export type Purse = AsyncDisposable & {
  /** False when the budget is spent: no call may begin. */
  readonly filled: boolean;
  /** Enters what came of the call of `agent`, before the result is settled. Unless this is done, the purse's end gives the money back. */
  pay(called: Called): Promise<void>;
};

type Called =
  | { readonly kind: 'result'; readonly result: TaskResult; readonly agent?: AgentDescriptor }
  | { readonly kind: 'question'; readonly question: Pick<AgentQuestion, 'usage'>; readonly agent: AgentDescriptor };

type Payer = {
  readonly data: TaskJob;
  /** The attempt's own token. */
  readonly call: string;
  /** Any of which may be called. */
  readonly agents: readonly AgentDescriptor[];
  /** What a call costs of an agent that is yet to be made. */
  readonly price?: Price | undefined;
};

/**
 * Sets aside what the dearest of the agents may cost, before the task is claimed: so a task that has to wait raises no epoch and
 * says nothing. Undefined when nothing is to be paid.
 */
export async function setAside(
  store: Store,
  { data, call, agents, price }: Payer,
): Promise<Purse | 'wait' | undefined> {
  if (data.budgeted !== true || data.task.kind !== 'agent') return undefined;
  const paid = { run: data.run_id, task: data.task.task_id, call };
  const estimate = agents.length === 0 ? estimateOf({ price }) : agents.map(mostOf).reduce(largerOf);
  const answer = await reserve(store, { ...paid, estimate });
  if (answer === 'granted') return filledPurse(heldFunds(store, paid));
  if (answer === 'exhausted') return emptyPurse;
  return answer === 'wait' ? 'wait' : undefined;
}

function filledPurse(funds: Funds): Purse {
  return {
    filled: true,
    pay: async (called) => {
      const charge = chargeFor(called);
      if (charge !== undefined) await funds.commit(charge);
    },
    [Symbol.asyncDispose]: () => funds[Symbol.asyncDispose](),
  };
}

const emptyPurse: Purse = {
  filled: false,
  pay: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

/**
 * An agent that does not say what it used is charged the most that it may cost: silence must not evade the budget. A call that ended
 * with a question, though, is not an answer, and costs what is known of it; limits.questions bounds those.
 */
function chargeFor(called: Called): Spending | undefined {
  if (called.kind === 'question') {
    const { question, agent } = called;
    return question.usage === null ? undefined : chargeOf(question.usage, agent);
  }
  const { result, agent } = called;
  const { status, usage, cost } = result;
  if (status !== 'completed') return undefined;
  if (usage !== null) return { tokens: usage.total_tokens, cost: cost ?? 0 };
  return agent === undefined ? estimateOf({}) : mostOf(agent);
}

/** Nobody is called for a fixed text. */
function mostOf(agent: AgentDescriptor): Spending {
  return isSelfContained(agent) ? { tokens: 0, cost: 0 } : estimateOf(agent);
}

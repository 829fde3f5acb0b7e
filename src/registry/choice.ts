import type { AgentDescriptor } from '../contracts/agent.ts';
import type { Permit } from './permit.ts';
import type { RankedTask, Ranking } from './rank.ts';

/** A task that needs an agent, and the agents that have failed it. */
export type Need = {
  readonly task: RankedTask;
  readonly failed: readonly string[];
};

/** A need for a call: `holder` is unique to it. */
export type CallNeed = Need & { readonly holder: string };

/** A ranking, and the agent of it that may be called now with leave to do so; undefined when there is none. */
export type Choice = Ranking & {
  readonly taken: { readonly agent: AgentDescriptor; readonly permit: Permit } | undefined;
};

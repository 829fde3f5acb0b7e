import { type AgentCall, idleLimits } from '../agents/call.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import { countModelCall } from '../journal/count-model-call.ts';
import { openPublisher, type Publisher } from '../streams/publisher.ts';
import { selection } from './announcements.ts';
import { type Attempt, neededBy } from './attempt.ts';
import type { Choice } from './choice.ts';
import { type Called, reporterOf } from './count-call.ts';
import type { Deadline } from './deadline.ts';
import { deliver } from './deliver.ts';
import { type AgentCalled, openHedged } from './hedge.ts';
import type { Delivery } from './task-result.ts';

/** A death of a worker is no proof: it had other tasks too. From the second one on a task is called where it can harm no other. */
const SUSPECT_DEATHS = 2;

export type CallToPublish = {
  readonly choice: Choice;
  readonly callOf: (agent: AgentDescriptor) => AgentCall;
  readonly deadline: Deadline;
  /** Hears whose call it is from now on: with hedge_after_ms another one may lead. */
  readonly onLead: (called: Called) => void;
};

/** Calls an agent and publishes what it says as it comes. */
export async function callAndPublish(attempt: Attempt, calling: CallToPublish): Promise<Delivery> {
  const { work, claim } = attempt;
  const { choice, deadline } = calling;
  // Without the signal: it ends the agent's call, but a delivery that is whole shall be recorded, whatever else has happened
  // since. Only the epoch decides whether this attempt may still write.
  const publisher = openPublisher({
    store: work.tools.flow.store,
    run: work.data.run_id,
    task: work.data.task.task_id,
    agent: choice.agent.agent_id,
    epoch: claim.epoch,
  });
  try {
    if (choice.ranking !== undefined) await publisher.publish(selection(choice.agent, choice.ranking));
    deadline.follow(publisher.lost);
    const { agent, events } = await lead(attempt, calling, publisher);
    return await deliver({ agent, events, publisher });
  } catch (thrown) {
    throw publisher.lost.aborted ? publisher.lost.reason : thrown;
  } finally {
    publisher.close();
  }
}

/** The chosen agent's call, or with hedge_after_ms that of whoever begins to answer first. */
async function lead(attempt: Attempt, calling: CallToPublish, publisher: Publisher): Promise<AgentCalled> {
  const { choice, onLead } = calling;
  const first = { ...choice, beganAt: performance.now() };
  onLead(first);
  await countRole(attempt, choice.agent, 1);
  const { hedge_after_ms: afterMs } = attempt.work.data.task;
  const calledFirst = { agent: choice.agent, events: invoke(attempt, calling, choice.agent) };
  if (afterMs === undefined) return calledFirst;
  let second: Called | undefined;
  const { agent, events, failed } = await openHedged({
    first: calledFirst,
    afterMs,
    openSecond: async () => {
      const taken = await takeSecond(attempt, choice.agent);
      if (taken === undefined || !(await mayCallSecond(attempt, taken))) return undefined;
      second = taken;
      const detail = { agent_id: second.agent.agent_id, after_ms: afterMs };
      await publisher.publish({ name: 'task.hedged', data: `Calling ${second.agent.name} too...`, detail });
      return { agent: second.agent, events: invoke(attempt, calling, second.agent) };
    },
  });
  if (second !== undefined) onLead(decided(agent === second.agent ? [second, first] : [first, second], failed));
  await publisher.speakAs(agent.agent_id);
  return { agent, events };
}

/** One that was ended since the other answers first gives its slot back; one that failed is told of with the answer. */
function decided([leading, other]: readonly [Called, Called], failed: BatonError | undefined): Called {
  if (failed !== undefined) return { ...leading, beside: { called: other, error: failed } };
  void other.permit[Symbol.asyncDispose](); // never rejects, and no word of the answer waits for it
  return leading;
}

/** Another agent than the first, with leave to call it; undefined when there is none, or none can be found now: the first goes on. */
async function takeSecond(attempt: Attempt, first: AgentDescriptor): Promise<Called | undefined> {
  const { work, claim, holder, holds } = attempt;
  const failed = [...claim.failedAgents, first.agent_id];
  const need = { task: neededBy(work), failed, holder: `${holder}.hedge` };
  const found = await work.tools.chooser.take(need).catch(reporterOf(work));
  const taken = found?.taken;
  if (taken === undefined) return undefined;
  holds.use(taken.permit);
  if (!failed.includes(taken.agent.agent_id)) return { ...taken, beganAt: performance.now() };
  await taken.permit[Symbol.asyncDispose]();
  return undefined;
}

/** A call beside another one is not worth a failure: without it the first goes on alone. */
async function mayCallSecond(attempt: Attempt, second: Called): Promise<boolean> {
  try {
    await countRole(attempt, second.agent, 2);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof BatonError) || thrown.code !== 'model_calls_exhausted') throw thrown;
    await second.permit[Symbol.asyncDispose]();
    return false;
  }
}

/** An agent that is a role for the configured model costs its run a call of it. Throws model_calls_exhausted. */
async function countRole({ work, claim }: Attempt, agent: AgentDescriptor, number: number): Promise<void> {
  const { run_id: run, task } = work.data;
  if (agent.transport !== 'model') return;
  await countModelCall(work.tools.flow.store, { run, task: task.task_id, epoch: claim.epoch, number });
}

function invoke({ work }: Attempt, { callOf, deadline }: CallToPublish, agent: AgentDescriptor): AgentCalled['events'] {
  const { idle_timeout_ms } = work.data.task;
  const limits = idle_timeout_ms === undefined ? {} : idleLimits(idle_timeout_ms);
  const call = work.deaths < SUSPECT_DEATHS ? work.tools.invoke : work.tools.isolate;
  return call({ agent, call: callOf(agent), limits, signal: deadline.signal });
}

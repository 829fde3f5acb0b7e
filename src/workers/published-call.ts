import { type AgentCall, idleLimits } from '../agents/call.ts';
import type { AgentDescriptor } from '../contracts/agent.ts';
import { openPublisher, type Publisher } from '../streams/publisher.ts';
import { type Attempt, neededBy, selection } from './attempt.ts';
import type { Choice } from './choice.ts';
import { type Called, countCall, reporterOf } from './count-call.ts';
import type { Deadline } from './deadline.ts';
import { deliver } from './deliver.ts';
import { type AgentCalled, type Lead, openHedged } from './hedge.ts';
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
  const { hedge_after_ms: afterMs } = attempt.work.data.task;
  const calledFirst = { agent: choice.agent, events: invoke(attempt, calling, choice.agent) };
  if (afterMs === undefined) return calledFirst;
  const called = new Map<string, Called>([[choice.agent.agent_id, first]]);
  const hedged = await openHedged({
    first: calledFirst,
    afterMs,
    openSecond: async () => {
      const second = await takeSecond(attempt, choice.agent);
      if (second === undefined) return undefined;
      called.set(second.agent.agent_id, second);
      const detail = { agent_id: second.agent.agent_id, after_ms: afterMs };
      await publisher.publish({ name: 'task.hedged', data: `Calling ${second.agent.name} too...`, detail });
      return { agent: second.agent, events: invoke(attempt, calling, second.agent) };
    },
    onFailed: ({ agent_id }, error) => {
      countCall(attempt.work.tools, called.get(agent_id), error).catch(reporterOf(attempt.work));
    },
  });
  return follow(hedged, { called, onLead, publisher });
}

type Following = Pick<CallToPublish, 'onLead'> & {
  readonly called: ReadonlyMap<string, Called>;
  readonly publisher: Publisher;
};

async function follow({ agent, events }: Lead, { called, onLead, publisher }: Following): Promise<AgentCalled> {
  const leading = called.get(agent.agent_id);
  if (leading !== undefined) onLead(leading);
  await publisher.speakAs(agent.agent_id);
  return { agent, events };
}

/** Another agent than the first, with leave to call it; undefined when there is none. */
async function takeSecond(
  { work, claim, holder, holds }: Attempt,
  first: AgentDescriptor,
): Promise<Called | undefined> {
  const failed = [...claim.failedAgents, first.agent_id];
  const { taken } = await work.tools.chooser.take({ task: neededBy(work), failed, holder: `${holder}.hedge` });
  if (taken === undefined) return undefined;
  holds.use(taken.permit);
  return failed.includes(taken.agent.agent_id) ? undefined : { ...taken, beganAt: performance.now() };
}

function invoke({ work }: Attempt, { callOf, deadline }: CallToPublish, agent: AgentDescriptor): AgentCalled['events'] {
  const { idle_timeout_ms } = work.data.task;
  const limits = idle_timeout_ms === undefined ? {} : idleLimits(idle_timeout_ms);
  const call = work.deaths < SUSPECT_DEATHS ? work.tools.invoke : work.tools.isolate;
  return call({ agent, call: callOf(agent), limits, signal: deadline.signal });
}

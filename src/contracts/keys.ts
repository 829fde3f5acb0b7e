// Every Redis key of baton. One prefix per shard is one hash tag: a run lies in one slot, BullMQ's keys of it included.
// Nothing here expires by itself unless a TTL is named: a finished run leaves as a whole (flow/remove.ts).

/** The prefix of shard `k`, BullMQ's `prefix` too. */
export function shardPrefix(shard = 0): string {
  return `{baton:${shard}}`;
}

export type Keys = ReturnType<typeof keysOf>;

export function keysOf(prefix: string) {
  return {
    prefix,
    /**
     * Hash: status, query, plan, planned, metadata, options, mode, model, fork, session, held, plan_ref, revision, patch_prompt_tokens,
     * patch_completion_tokens, model_calls, paused, submitted, stop,
     * terminal, response, error, warnings, partial, plan_usage, answer_usage, created_at, deadline_at, ended_at, children, stream_bytes.
     */
    run: (run: string) => ({
      run: `${prefix}:run:${run}`,
      /** Hash: `<task>:epoch`, `:seq`, `:token`, `:agent`, `:started`, `:failures`, `:failed_epoch`, `:next`, `:until`, `:paid`, `:looked`, `:waited`, `:model_call:<epoch>.<n>`; `root` and `$plan` are tasks too. */
      tasks: `${prefix}:run:${run}:tasks`,
      /** Hash: task id -> ResultEnvelope, first writer wins. */
      results: `${prefix}:run:${run}:results`,
      /** Stream of the run's events. */
      events: `${prefix}:run:${run}:events`,
      /** Hash: join task -> JoinSpec, `<task>:completed`, `:settled`, `:began`, `:grace`, `:round`, `:released`. */
      joins: `${prefix}:run:${run}:joins`,
      /** Hash: mark -> the job that waits for something outside of the flow (a human, a resume), JSON. */
      parked: `${prefix}:run:${run}:parked`,
      /** Hash: `<task>~<subject>` -> question, JSON (an agent's: `<task>~question.<n>`), `<task>~<subject>:content` -> what it is about, `:resolution` -> its answer, `:mark` -> the job's mark, `<task>~question:round` -> how many an agent has asked; `open`: how many have no answer. */
      asks: `${prefix}:run:${run}:asks`,
      /** Hash: `<task>` -> the first round of a task that works through others, `<task>:<place>` -> a later one; JSON, first writer wins. */
      spawned: `${prefix}:run:${run}:spawned`,
      /** Hash: `outcome:<task>` kept back, `decision:<task>` about it, first writer wins; `edges:<task>` -> jobs added behind it, JSON. */
      patches: `${prefix}:run:${run}:patches`,
      /** Set: agents made for this run. */
      agents: `${prefix}:run:${run}:agents`,
      /** Hash: the shared state (journal/change-state.lua). */
      state: `${prefix}:run:${run}:state`,
      /** Hash: what is known of the run's messages (journal/send-message.lua). */
      messages: `${prefix}:run:${run}:messages`,
      /** Sorted set: `<from> <to> <message>` of messages whose senders wait, by until when. */
      waits: `${prefix}:run:${run}:waits`,
      /** Stream: what was said to an agent within the run. */
      inbox: (agent: string): string => `${prefix}:run:${run}:inbox:${agent}`,
      /** Hash: the ledger (journal/reserve.lua). */
      budget: `${prefix}:run:${run}:budget`,
      /** String: a result's text that is too long for its envelope. */
      text: (task: string): string => `${prefix}:run:${run}:text:${task}`,
    }),
    /** Sorted set: run id by creation time. */
    runs: `${prefix}:runs`,
    /** Sorted set: ids of runs that have not ended, by creation time. What the reconciler walks. */
    openRuns: `${prefix}:runs:open`,
    /** Sorted set: ids of runs that have ended, by that time. What retention walks. */
    endedRuns: `${prefix}:runs:ended`,
    /** Sorted set: a session's runs in the order in which they were accepted; those of them that have not ended. */
    session: (session: string) => ({
      runs: `${prefix}:session:${session}`,
      open: `${prefix}:session:${session}:open`,
    }),
    /** Sorted set: names of stored plans, all with score 0. */
    plans: `${prefix}:plans`,
    /** Hash: one stored plan: `last` version given, `n:<version>` -> its head, `v:<version>` -> the plan, both JSON. */
    plan: (name: string): string => `${prefix}:plan:${name}`,
    /** String: bytes of all stored plans. */
    planBytes: `${prefix}:plans:bytes`,
    /** Sorted set: ids of open interrupts, by the time they were requested. */
    interrupts: `${prefix}:interrupts`,
    /** String, TTL: the process that reconciles now. */
    leader: `${prefix}:leader`,
    /** Hash: worker process -> WorkerRecord: what it is, its queues, and the ids of its BullMQ workers. */
    workers: `${prefix}:workers`,
    /** Sorted set: worker processes by when they were first found without a connection. */
    goneWorkers: `${prefix}:workers:gone`,
    /** String, TTL of the lock: present while the worker process is alive. */
    workerAlive: (worker: string): string => `${prefix}:worker:${worker}:alive`,
    /** Channel that only this worker process listens to: Redis counts its listeners, so a dead one is known at once. */
    workerChannel: (worker: string): string => `${prefix}:worker:${worker}`,
    /** Hash {run, body}, TTL defaults.idempotencyTtlMs. `digest` is of the key. */
    idempotency: (owner: string, digest: string): string => `${prefix}:idem:${owner}:${digest}`,
    /** Hash: agent id -> descriptor. */
    agents: `${prefix}:agents`,
    /** String, TTL BATON_HEALTH_TTL_MS: present means the agent serves. */
    agentHealth: (agent: string): string => `${prefix}:agent:${agent}:health`,
    /** Hash: decayed sums of an agent's outcomes (registry/record-outcomes.lua). */
    agentStats: (agent: string): string => `${prefix}:agent:${agent}:stats`,
    /** Hash, TTL limits.historyMs: capability -> what the agent's work of it came to (registry/record-history.lua). */
    agentHistory: (agent: string): string => `${prefix}:agent:${agent}:history`,
    /** Sorted set: calls of an agent that has max_concurrent_tasks, by when their lease ends. */
    agentSlots: (agent: string): string => `${prefix}:agent:${agent}:slots`,
    /** String, TTL: the agent's breaker is open; `:trial` present: somebody tries it after that. */
    agentBreaker: (agent: string): string => `${prefix}:agent:${agent}:breaker`,
    agentTrial: (agent: string): string => `${prefix}:agent:${agent}:breaker:trial`,
    /** String, TTL: the last batch of outcomes that a process has had counted. */
    outcomes: (process: string): string => `${prefix}:outcomes:${process}`,
    /** Hash: agent id -> who registered it and when, JSON (registry/register.lua). */
    agentOrigins: `${prefix}:agents:origins`,
    /** Set: agents last said to serve: leaving it says agent.expired, coming back agent.recovered, each once. */
    servingAgents: `${prefix}:agents:serving`,
    /** Stream, bounded: what has changed in the registry. */
    agentEvents: `${prefix}:agents:events`,
    /** Hash: what the foreign discovery service said, and when (registry/discovery-state.ts). */
    discovery: `${prefix}:discovery`,
    /** String, TTL: the process that asks the discovery service at this moment. */
    discoveryRefresh: `${prefix}:discovery:refresh`,
    /** String, TTL: the process that probes agents and asks the foreign discovery service now. */
    discoverer: `${prefix}:discoverer`,
    /** Hash: template id -> template. */
    templates: `${prefix}:templates`,
    /** Hash: template id -> what became of its agents. */
    templateStats: `${prefix}:templates:stats`,
    /** Hash: spawned agent -> what it holds of the pool, JSON. */
    poolHeld: `${prefix}:pool:held`,
    /** Hash: digest of what was asked of which agent -> CachedResult, JSON. */
    cachedResults: `${prefix}:cache`,
    /** Sorted set: those digests by when they were filed. */
    cachedAges: `${prefix}:cache:ages`,
    /** String: their bytes. */
    cachedBytes: `${prefix}:cache:bytes`,
    /** Hash: digest of a query and all that its plan depends on -> CachedPlan, JSON; when each was filed; their bytes. */
    cachedPlans: `${prefix}:plan-cache`,
    cachedPlanAges: `${prefix}:plan-cache:ages`,
    cachedPlanBytes: `${prefix}:plan-cache:bytes`,
    /** Stream of one entry that wakes one process's blocked reader, TTL 1 h. */
    wake: (process: string): string => `${prefix}:wake:${process}`,
    /** Channel: what workers must abort: `<run>` whole, or `<run> <code> <task> <task> ...`. */
    controlChannel: `${prefix}:control`,
    /** A BullMQ queue's key, as its parents and scripts name it. */
    queue: (queue: string): string => `${prefix}:${queue}`,
    /** A BullMQ job's key. */
    job: (queue: string, id: string): string => `${prefix}:${queue}:${id}`,
  };
}

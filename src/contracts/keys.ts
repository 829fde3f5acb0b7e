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
     * Hash: status, query, plan, planned, metadata, options, mode, model, fork, paused, submitted, stop, terminal, response, error,
     * warnings, partial, plan_usage, answer_usage, created_at, deadline_at, ended_at, children, stream_bytes.
     */
    run: (run: string) => ({
      run: `${prefix}:run:${run}`,
      /** Hash: `<task>:epoch`, `:seq`, `:token`, `:agent`, `:started`, `:failures`, `:failed_epoch`, `:next`, `:until`, `:paid`; `root` and `$plan` are tasks too. */
      tasks: `${prefix}:run:${run}:tasks`,
      /** Hash: task id -> ResultEnvelope, first writer wins. */
      results: `${prefix}:run:${run}:results`,
      /** Stream of the run's events. */
      events: `${prefix}:run:${run}:events`,
      /** Hash: join task -> JoinSpec, `<task>:completed`, `:settled`, `:began`, `:grace`, `:round`, `:released`. */
      joins: `${prefix}:run:${run}:joins`,
      /** Hash: mark -> the job that waits for something outside of the flow (a human, a resume), JSON. */
      parked: `${prefix}:run:${run}:parked`,
      /** Hash: `<task>~<subject>` -> question, JSON, `<task>~<subject>:content` -> what it is about, `:resolution` -> its answer, `:mark` -> the job's mark; `open`: how many have no answer. */
      asks: `${prefix}:run:${run}:asks`,
      /** Hash: map task -> its children, JSON, first writer wins. */
      spawned: `${prefix}:run:${run}:spawned`,
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
    /** String, TTL defaults.healthTtlMs: present means the agent serves. */
    agentHealth: (agent: string): string => `${prefix}:agent:${agent}:health`,
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

// Every Redis key of baton. One prefix per shard is one hash tag: a run lies in one slot, BullMQ's keys of it included.
// Nothing here expires by itself unless a TTL is named: a finished run leaves as a whole (flow/remove.ts).

/** The prefix of shard `k`, BullMQ's `prefix` too. */
export function shardPrefix(shard = 0): string {
  return `{baton:${shard}}`;
}

export type RunKeys = ReturnType<Keys['run']>;
export type Keys = ReturnType<typeof keysOf>;

export function keysOf(prefix: string) {
  return {
    prefix,
    /** Hash: status, query, plan, metadata, cancel, terminal, response, usage, times. */
    run: (run: string) => ({
      run: `${prefix}:run:${run}`,
      /** Hash: `<task>:epoch`, `:seq`, `:token`, `:agent`, `:started`, `:failures`. */
      tasks: `${prefix}:run:${run}:tasks`,
      /** Hash: task id -> ResultEnvelope, first writer wins. */
      results: `${prefix}:run:${run}:results`,
      /** Stream of the run's events. */
      events: `${prefix}:run:${run}:events`,
      /** String: a result's text that is too long for its envelope. */
      text: (task: string): string => `${prefix}:run:${run}:text:${task}`,
    }),
    /** Sorted set: run id by creation time. */
    runs: `${prefix}:runs`,
    /** Hash {run, body}, TTL defaults.idempotencyTtlMs. `digest` is of the key. */
    idempotency: (owner: string, digest: string): string => `${prefix}:idem:${owner}:${digest}`,
    /** Hash: agent id -> descriptor. */
    agents: `${prefix}:agents`,
    /** String, TTL defaults.healthTtlMs: present means the agent serves. */
    agentHealth: (agent: string): string => `${prefix}:agent:${agent}:health`,
    /** Stream of one entry that wakes one process's blocked reader, TTL 1 h. */
    wake: (process: string): string => `${prefix}:wake:${process}`,
    /** Channel: ids of runs to be cancelled. */
    cancelChannel: `${prefix}:cancel`,
    /** A BullMQ queue's key, as its parents and scripts name it. */
    queue: (queue: string): string => `${prefix}:${queue}`,
    /** A BullMQ job's key. */
    job: (queue: string, id: string): string => `${prefix}:${queue}:${id}`,
  };
}

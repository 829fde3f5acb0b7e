// Every bound and default of the system, in one place. Settings an operator may change are in runtime/config.ts and start from these.

/** Milliseconds. */
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

export const limits = {
  /** Tasks in one plan: one flow is one MULTI, and 500 jobs block Redis for about 50 ms (measured). */
  planTasks: 500,
  /** Characters of a query. */
  queryChars: 64_000,
  /** Bytes of a request body. */
  bodyBytes: 1_000_000,
  /** Characters of a task's description. */
  descriptionChars: 16_000,
  /** Bytes of a task's input_data as JSON. */
  inputBytes: 256_000,
  /** Bytes of a run's metadata as JSON. */
  metadataBytes: 16_000,
  /** Characters of one task's output, or of the answer: beyond it the attempt fails as output_too_large. */
  outputChars: 1_000_000,
  /** Results longer than this many characters leave the results hash for a key of their own. */
  inlineResultChars: 1_000,
  /** Bytes of long dependency texts that one attempt is given, in equal shares; what is cut is marked. */
  contextBytes: 4_000_000,
  /** Events kept in one run's stream; older ones are trimmed and a late reader gets stream.gap. */
  streamEvents: 100_000,
  /** Bytes of event data kept in one run's stream. */
  streamBytes: 32_000_000,
  /** Tokens that leave as one event each when they waited together; more are merged into this many. */
  tokensPerAppend: 64,
  /** Bytes a live reader may fall behind before it goes on by replay at its own pace. */
  readerBacklogBytes: 1_048_576,
  /** bull-board unfolds a shared task once per path; above this many tree nodes extra edges leave no trace there. */
  treeNodes: 2_000,
  /** Claims of one task before it is given up: it ends its workers, not only itself. */
  claims: 50,
  /** Runs in one page of GET /v1/runs, interrupts in one of GET /v1/interrupts. */
  pageRuns: 100,
  /** Children of one map task. */
  mapItems: 500,
  /** Children that all map tasks of one run add together. */
  runChildren: 5_000,
  /** The longest any wait may be set to: 30 days. */
  waitMs: 30 * 24 * HOUR,
  /** Lanes of the seed's workflow modes: tasks at once in parallel and in adaptive mode. */
  parallelLanes: 5,
  adaptiveLanes: 3,
  /** A Retry-After beyond this is clamped to it. */
  retryAfterMs: 5 * 60 * SECOND,
  /** Share of Redis' maxmemory above which no new runs are taken: the rest is for those that run to their end. */
  storeFullShare: 0.7,
  /** Characters of an agent's JSON Schema, and bytes of its whole descriptor. */
  schemaChars: 32_000,
  descriptorBytes: 256_000,
  /** Bytes of all cached results together, the oldest leave first; and of one of them: a larger one is not kept. */
  cacheBytes: 64_000_000,
  cachedResultBytes: 1_000_000,
  /** Agents in one page of GET /v1/agents. */
  pageAgents: 1_000,
  /** Changes of the registry that are kept; a reader that comes later starts from the whole. */
  agentEvents: 10_000,
  /** Agents taken from a discovery service, and bytes of its answer. */
  foreignAgents: 10_000,
  foreignBytes: 32_000_000,
  /** Templates that operators may add, and outcomes of one after which old ones count half. */
  templates: 200,
  templateOutcomes: 200,
  /** Calls that an agent's record holds at most: more than these and older ones would outweigh what it does now. */
  recordCalls: 20,
  /** Calls of the model that a run may be allowed. */
  modelCalls: 100_000,
  /** Calls of the model that a query which one agent can take costs at most: its plan, and one more. */
  loneModelCalls: 2,
  /** Calls by whose number an agent's history is weighed at most, and how long it is kept after the last one. */
  historyCalls: 50,
  historyMs: 30 * 24 * HOUR,
  /** Bytes of all cached plans together, the oldest leave first; and of one of them: a larger one is not kept. */
  planCacheBytes: 16_000_000,
  cachedPlanBytes: 500_000,
  /** Each failed trial of a breaker doubles the time it stays open, up to this. */
  breakerOpenMaxMs: 5 * 60 * SECOND,
  /** How long a breaker waits for somebody to try its agent before it is as if it had never opened. */
  breakerHalfOpenMs: 10 * 60 * SECOND,
  /** A slot of an agent, or the trial of its breaker, lasts so long without being renewed: then its holder is dead. */
  leaseMs: 30 * SECOND,
  /** Agents that agent.selected tells about; the others are counted. */
  candidates: 20,
  /** Patches of one run's plan, and tasks that all of them may add. */
  planPatches: 10,
  addedTasks: 100,
  /** Questions that an agent may ask a human within one task, and characters of what it wants back with each answer. */
  questions: 20,
  resumeChars: 4_000,
  /** Characters of what a revision changed, as one event tells it. */
  diffChars: 16_000,
  /** Characters of an answer that an event quotes. */
  quoteChars: 500,
  /** Characters of an error text that reaches results, events and answers. */
  errorChars: 500,
} as const;

export const defaults = {
  /** Calls of agents per task. */
  attempts: 3,
  backoffMs: 1 * SECOND,
  backoffFactor: 2,
  /** Share of the backoff that is random: 0.5 means half fixed, half random. */
  backoffJitter: 0.5,
  backoffMaxMs: 30 * SECOND,
  taskTimeoutMs: 120 * SECOND,
  agentTimeoutSeconds: 60,
  agentIdleMs: 30 * SECOND,
  /** How long a task waits for a healthy agent before it fails as no_suitable_agent. */
  agentWaitMs: 10 * SECOND,
  heartbeatMs: 5 * SECOND,
  healthTtlMs: 15 * SECOND,
  /** Failed calls in a row after which an agent's breaker opens, and how long it then stays open. */
  breakerFailures: 5,
  breakerOpenMs: 10 * SECOND,
  /** After so long an outcome counts half in an agent's success rate and latency. */
  scoreHalfLifeMs: 10 * 60 * SECOND,
  /** How old what a foreign discovery service said may be before it is asked again (the seed's five minutes). */
  discoveryTtlMs: 5 * 60 * SECOND,
  /** The seed's specification of an agent that is made from a template. */
  templateConcurrentTasks: 3,
  templateTimeoutSeconds: 300,
  templateRetries: 3,
  templateQuality: 0.8,
  templateResponseSeconds: 300,
  templateIterations: 3,
  /** How long a cached result is kept. */
  cacheTtlMs: 24 * HOUR,
  /** How long a plan that the model made is used again for the same query. */
  planCacheTtlMs: HOUR,
  /** Calls of the model that a run makes at most: more than a plan of 500 tasks needs, and an end to whatever goes round. */
  maxModelCalls: 1_000,
  retentionMs: 24 * HOUR,
  idempotencyTtlMs: 24 * HOUR,
  preferWaitMaxSeconds: 60,
  lockMs: 30 * SECOND,
  stalledMs: 10 * SECOND,
  drainMs: 25 * SECOND,
  /** A cancelled run is closed at the latest this long after the request, whatever its agents do. */
  cancelCloseMs: 1_500,
  /** Children of a map task unless it says otherwise. */
  mapItems: 50,
  /** Patches of a run's plan that may be repaired, and tasks that all of them together add. */
  planPatches: 2,
  addedTasks: 20,
  /** How long a question to a human stays open: 7 days. */
  interruptMs: 7 * 24 * HOUR,
  /** How often the reconciler looks at the open runs. */
  reconcileMs: 10 * SECOND,
  /** Tokens set aside before a call of which nothing better is known. */
  reserveTokens: 1_000,
  sseHeartbeatMs: 15 * SECOND,
  model: 'gpt-4o',
  temperature: 0.2,
  modelTimeoutMs: 60 * SECOND,
} as const;

import { z } from 'zod';
import { limits } from './limits.ts';

type ErrorRule = { readonly status: number; readonly retry: boolean; readonly text: string };

/** Every error there is: HTTP status, whether a task or call may be tried again, and the text a stranger may see. */
export const errorCatalogue = {
  invalid_json: { status: 400, retry: false, text: 'The body is not valid JSON.' },
  invalid_cursor: { status: 400, retry: false, text: 'The event id to resume from is not one of this stream.' },
  unauthorized: { status: 401, retry: false, text: 'This needs a user name and a password.' },
  not_found: { status: 404, retry: false, text: 'There is nothing at this address.' },
  run_not_found: { status: 404, retry: false, text: 'There is no run with this id.' },
  agent_not_found: { status: 404, retry: false, text: 'There is no agent with this id.' },
  method_not_allowed: { status: 405, retry: false, text: 'This address does not take this method.' },
  not_acceptable: { status: 406, retry: false, text: 'This can be sent only in other formats.' },
  request_timeout: { status: 408, retry: true, text: 'The request came too slowly.' },
  body_too_large: { status: 413, retry: false, text: 'The body is too large.' },
  unsupported_media_type: { status: 415, retry: false, text: 'The body must be application/json.' },
  session_not_found: { status: 404, retry: false, text: 'There is no session with this id.' },
  session_busy: { status: 409, retry: false, text: 'The session has runs that have not ended.' },
  plan_not_found: { status: 404, retry: false, text: 'There is no stored plan of this name and version.' },
  plans_full: { status: 409, retry: false, text: 'No more plans can be stored.' },
  interrupt_not_found: { status: 404, retry: false, text: 'There is no question with this id.' },
  already_decided: { status: 409, retry: false, text: 'This question has been decided.' },
  run_not_ended: { status: 409, retry: false, text: 'The run has not ended.' },
  run_ended: { status: 409, retry: false, text: 'The run has ended.' },
  stale_content: { status: 422, retry: false, text: 'The question is about other content than this hash names.' },
  invalid_request: { status: 422, retry: false, text: 'The request has faults.' },
  invalid_plan: { status: 422, retry: false, text: 'The plan has faults.' },
  agent_exists: { status: 409, retry: false, text: 'Another agent is registered under this id.' },
  agent_instance_mismatch: { status: 409, retry: false, text: 'This agent was registered by somebody else.' },
  precondition_failed: { status: 412, retry: false, text: 'It has changed since it was read.' },
  discovery_not_configured: { status: 404, retry: false, text: 'No discovery service is configured.' },
  discovery_unavailable: { status: 503, retry: true, text: 'The discovery service gave no list of agents.' },
  idempotency_conflict: { status: 422, retry: false, text: 'This Idempotency-Key was used with another body.' },
  internal: { status: 500, retry: true, text: 'Something went wrong inside baton.' },
  run_failed: { status: 502, retry: false, text: 'The run failed.' },
  run_cancelled: { status: 409, retry: false, text: 'The run was cancelled.' },
  unreachable: { status: 503, retry: true, text: 'No baton answers there.' },
  store_unavailable: { status: 503, retry: true, text: 'Redis does not answer.' },
  store_full: { status: 503, retry: true, text: 'Redis is nearly full: no new runs for now.' },
  still_running: { status: 504, retry: true, text: 'The run has not ended in the time given.' },

  config_invalid: { status: 500, retry: false, text: 'The settings have faults.' },
  redis_unsuitable: { status: 500, retry: false, text: 'This Redis cannot be used.' },

  planning_failed: { status: 502, retry: false, text: 'No valid plan could be made for this query.' },
  model_not_configured: {
    status: 503,
    retry: false,
    text: 'No model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.',
  },
  model_unavailable: { status: 503, retry: true, text: 'The model does not answer.' },
  model_rejected: { status: 502, retry: false, text: 'The model refused the request.' },

  no_route: { status: 422, retry: false, text: 'No agent suits this query.' },
  artifact_not_found: { status: 404, retry: false, text: 'There is no such artifact of this run.' },
  no_suitable_agent: { status: 503, retry: false, text: 'No healthy agent offers this capability.' },
  template_not_found: { status: 404, retry: false, text: 'There is no such template.' },
  resource_unavailable: { status: 503, retry: true, text: 'The pool of agents has no resources left for another one.' },
  agent_creation_failed: { status: 502, retry: true, text: 'The agent could not be made from its template.' },
  address_refused: { status: 422, retry: true, text: 'Agents may not be called at this address.' },
  secret_unavailable: { status: 503, retry: true, text: 'A secret that the agent needs cannot be read.' },
  dependency_failed: { status: 500, retry: false, text: 'A task this one depends on did not complete.' },
  cancelled: { status: 409, retry: false, text: 'The run was cancelled.' },
  rejected: { status: 409, retry: false, text: 'A human rejected this.' },
  superseded: { status: 409, retry: false, text: 'A change of the plan has replaced this task.' },
  late: { status: 409, retry: false, text: 'The join this branch feeds went on without it.' },
  join_timeout: { status: 504, retry: false, text: 'Too few branches completed in time.' },
  redispatched: { status: 504, retry: true, text: 'The join this branch feeds gave it to another agent.' },
  map_invalid: { status: 422, retry: false, text: 'There is no list to map over.' },
  map_failed: { status: 502, retry: false, text: 'The items of this task did not complete.' },
  review_failed: { status: 422, retry: false, text: 'The work was not accepted.' },
  vote_undecided: { status: 409, retry: false, text: 'The agents that were asked did not agree.' },
  talk_failed: { status: 502, retry: false, text: 'The conversation came to nothing.' },
  program_invalid: { status: 502, retry: false, text: 'The program answered what is no next step.' },
  program_diverged: {
    status: 502,
    retry: false,
    text: 'The program did not take the same way again: what it does may depend on its input and its steps only.',
  },
  program_failed: { status: 502, retry: false, text: 'The program failed.' },
  program_endless: { status: 409, retry: false, text: 'The program does not come to an end.' },
  message_timeout: { status: 504, retry: false, text: 'No answer came in the time given.' },
  deadlock: { status: 409, retry: false, text: 'The agents would wait for each other for ever.' },
  hop_limit: { status: 409, retry: false, text: 'This exchange of messages has become too long.' },
  too_many_messages: { status: 429, retry: false, text: 'There is no room for another message.' },
  loop_detected: { status: 409, retry: false, text: 'The conversation goes round in circles.' },
  state_conflict: { status: 412, retry: false, text: 'The shared state has changed meanwhile.' },
  state_invalid: { status: 422, retry: false, text: 'The shared state cannot be changed so.' },
  budget_exhausted: { status: 402, retry: false, text: 'The budget of the run is spent.' },
  model_calls_exhausted: { status: 402, retry: false, text: 'The run has called the model as often as it may.' },
  run_deadline: { status: 504, retry: false, text: 'The run has reached its deadline.' },
  job_lost: { status: 500, retry: false, text: 'The job of this task is gone: somebody removed it.' },
  agent_busy: { status: 429, retry: true, text: 'The agent has too much to do.' },
  worker_died: { status: 500, retry: true, text: 'The call ended the process it ran in.' },
  task_timeout: { status: 504, retry: false, text: 'The task took longer than its time limit.' },
  agent_timeout: { status: 504, retry: true, text: 'The agent took too long.' },
  agent_unreachable: { status: 502, retry: true, text: 'The agent could not be reached.' },
  agent_failed: { status: 502, retry: true, text: 'The agent reported an error.' },
  agent_rejected: { status: 502, retry: false, text: 'The agent refused the request.' },
  agent_incomplete: { status: 502, retry: true, text: "The agent's stream ended before it was done." },
  agent_protocol: { status: 502, retry: false, text: 'The agent answered in a form that baton does not understand.' },
  output_too_large: { status: 502, retry: false, text: 'The output is larger than allowed.' },
  task_poisonous: { status: 500, retry: false, text: 'The task ended its worker too often.' },
  lock_lost: { status: 500, retry: true, text: 'Another worker has taken this task over.' },
  draining: { status: 503, retry: true, text: 'This process is shutting down.' },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof errorCatalogue;

/** A code read back from the journal; one of another version counts as internal. */
export function errorCodeOf(code: string): ErrorCode {
  return Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'internal'; // it is one of its keys
}

/** One fault of a request or a plan: where, and what was expected. */
export const Fault = z.object({ path: z.string(), message: z.string() });
export type Fault = z.infer<typeof Fault>;

/** RFC 9457 problem details, with our code and the list of faults. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string(),
  errors: z.array(Fault),
});
export type Problem = z.infer<typeof Problem>;

type BatonErrorOptions = {
  readonly cause?: unknown;
  readonly faults?: readonly Fault[];
  readonly retryAfterMs?: number | undefined;
};

/** The one error class. `message` may be shown to users; what they must not see goes into `cause`. */
export class BatonError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  /** Milliseconds that whoever was called asks to be left alone; undefined when it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message?: string, options: BatonErrorOptions = {}) {
    super(message ?? errorCatalogue[code].text, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'BatonError';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retry;
  }

  /** Anything thrown, as one of ours; what is not ours keeps its own text for the log only. */
  static from(thrown: unknown, code: ErrorCode = 'internal'): BatonError {
    return thrown instanceof BatonError ? thrown : new BatonError(code, undefined, { cause: thrown });
  }

  /** The form that results and events carry. */
  toRecord(): { code: ErrorCode; message: string } {
    return { code: this.code, message: this.message.slice(0, limits.errorChars) };
  }
}

/** zod's issues as faults: `sub_tasks[2].depends_on` style paths. */
export function faultsOf(error: z.ZodError): readonly Fault[] {
  return error.issues.map((issue) => ({
    path: issue.path.reduce<string>(
      (at, key) => (typeof key === 'number' ? `${at}[${key}]` : at === '' ? String(key) : `${at}.${String(key)}`),
      '',
    ),
    message: issue.message,
  }));
}

/** The error for what has faults: its message names the first of them, unless another one says more. */
export function faultyError(
  code: ErrorCode,
  faults: readonly Fault[],
  { first = faults[0], cause }: { readonly first?: Fault | undefined; readonly cause?: unknown } = {},
): BatonError {
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  return new BatonError(code, `${errorCatalogue[code].text} ${where}${first?.message ?? ''}`.trim(), { faults, cause });
}

/** Parses at a border, or throws `code` with every fault named. */
export function parseOr<S extends z.ZodType>(schema: S, value: unknown, code: ErrorCode): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw faultyError(code, faultsOf(parsed.error), { cause: parsed.error });
}

/** Hears of every failed call, once, with its cause: what results and events must not tell. `task` is root for the run itself. */
export type FailureReport = (failure: {
  readonly run: string;
  readonly task: string;
  readonly error: BatonError;
}) => void;

// The model port: the only room that knows the openai package. Everything else asks a Model.
import { OpenAI } from 'openai';
import { Price } from '../contracts/budget.ts';
import { BatonError } from '../contracts/error.ts';
import { type Dialect, fullDialect, learn } from './dialect.ts';
import { modelErrorOf } from './model-error.ts';
import { openPatience, type Patience } from './patience.ts';
import { type ModelEvent, type StreamRequest, toModelEvents } from './stream.ts';
import { readStructured, type Structured, type StructuredRequest, structuredBody } from './structured.ts';

/**
 * A language model. Both calls throw `model_unavailable` (worth another try), `model_rejected` (not), or the reason of
 * their signal; they never retry by themselves: queues and planners own the retries.
 */
export type Model = {
  readonly label: { readonly name: string; readonly offline: boolean };
  /** What its tokens cost. */
  readonly price: Price;
  /** One value of a schema. What the model says wrongly is a value (`ok: false`), not an error. */
  structured<T>(request: StructuredRequest<T>): Promise<Structured<T>>;
  /** One answer as it is written. Leaving the loop closes the connection. */
  stream(request: StreamRequest): AsyncIterable<ModelEvent>;
};

/** Where the model is and how it is asked. */
export type ModelOptions = {
  /** Null for servers of one's own that ask for none. */
  readonly apiKey: string | null;
  /** Ends in /v1 as a rule; null is OpenAI's own. */
  readonly baseUrl: string | null;
  readonly name: string;
  /** True when the server is the offline stand-in: runs show it. */
  readonly offline: boolean;
  /** Nothing by default. */
  readonly price?: Price;
  /** 0 to 2. */
  readonly temperature: number;
  /** The longest silence: of a whole structured call, or between two pieces of a stream. */
  readonly timeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
};

/** A model behind any server that speaks OpenAI's Chat Completions. Opens no connection by itself. */
export function openModel(options: ModelOptions): Model {
  const line: Line = { client: openClient(options), speak: openSpeech(), options };
  return {
    label: { name: options.name, offline: options.offline },
    price: options.price ?? free,
    structured: (request) => askStructured(line, request),
    stream: (request) => askStream(line, request),
  };
}

const free = Price.parse({});

type Line = {
  readonly client: OpenAI;
  readonly speak: <T>(ask: (dialect: Dialect) => Promise<T>) => Promise<T>;
  readonly options: ModelOptions;
};

async function askStructured<T>(line: Line, request: StructuredRequest<T>): Promise<Structured<T>> {
  const patience = openPatience(request.signal, line.options.timeoutMs);
  const { signal } = patience;
  const ask = (dialect: Dialect) =>
    line.client.chat.completions.create(
      { ...tuning(line.options, dialect), ...structuredBody(request, dialect) },
      { signal },
    );
  try {
    return readStructured(await patience.within(() => line.speak(ask)), request.schema);
  } catch (thrown) {
    throw failureOf(thrown, patience, line.options);
  } finally {
    patience.close();
  }
}

async function* askStream(line: Line, request: StreamRequest): AsyncGenerator<ModelEvent> {
  const patience = openPatience(request.signal, line.options.timeoutMs);
  const { signal } = patience;
  const ask = (dialect: Dialect) =>
    line.client.chat.completions.create(
      { ...tuning(line.options, dialect), ...streamBody(request, dialect) },
      { signal },
    );
  try {
    yield* toModelEvents(await patience.within(() => line.speak(ask)), patience);
  } catch (thrown) {
    throw failureOf(thrown, patience, line.options);
  } finally {
    patience.close();
  }
}

/** Whoever ended the call is the reason; the error that this caused in the SDK is not. */
function failureOf(thrown: unknown, { signal }: Patience, { name }: ModelOptions): unknown {
  return signal.aborted ? signal.reason : modelErrorOf(thrown, name);
}

function tuning({ name, temperature }: ModelOptions, dialect: Dialect) {
  return { model: name, ...(dialect.temperature && { temperature }) };
}

function openClient({ apiKey, baseUrl, timeoutMs, fetch }: ModelOptions): OpenAI {
  return new OpenAI({
    // The SDK wants some key; servers without keys ignore it. Whatever is not given here it would read from the environment.
    apiKey: apiKey ?? 'no-key-needed',
    baseURL: baseUrl ?? 'https://api.openai.com/v1',
    organization: null,
    project: null,
    webhookSecret: null,
    adminAPIKey: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    fetch,
  });
}

/** Asks in the fullest dialect the server is known to understand, and again in a smaller one when it says what it lacks. */
function openSpeech() {
  let known = fullDialect;
  return async <T>(ask: (dialect: Dialect) => Promise<T>): Promise<T> => {
    for (;;) {
      const used = known;
      try {
        return await ask(used);
      } catch (thrown) {
        const lesson = learn(used, thrown);
        if (lesson === null) throw thrown;
        // Bounded: a lesson only takes away, and there are five in all.
        known = lesson;
      }
    }
  };
}

function streamBody({ messages, maxTokens }: StreamRequest, dialect: Dialect) {
  return {
    messages: [...messages],
    stream: true as const,
    ...(dialect.streamUsage && { stream_options: { include_usage: true } }),
    ...(maxTokens !== undefined && { [dialect.tokenField]: maxTokens }),
  };
}

/** The model of an installation that has none: every call throws `model_not_configured`, which says what to set. */
export function noModel(): Model {
  const refuse = (): Promise<never> => Promise.reject(new BatonError('model_not_configured'));
  return {
    label: { name: 'none', offline: false },
    price: free,
    structured: refuse,
    stream: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
  };
}

// client: baton from outside, in Node and in browsers: submit, wait, and streams that survive cuts.
import type { z } from 'zod';
import { isTerminalEvent, type StreamEvent } from '../contracts/event.ts';
import { ForkPreview, type ForkRequest } from '../contracts/fork.ts';
import { isTerminal, RunAccepted, type RunRequest, RunView } from '../contracts/run.ts';
import { RunGraph } from '../contracts/run-graph.ts';
import { type ListedTemplate, TemplateList } from '../contracts/template.ts';
import { type AgentClient, openAgentClient } from './agents.ts';
import { type ArtifactClient, openArtifactClient } from './artifacts.ts';
import { type HttpOptions, openHttp } from './http.ts';
import { type InterruptClient, openInterruptClient } from './interrupts.ts';
import { RunPage } from './listings.ts';
import { type MessageClient, openMessageClient } from './messages.ts';
import { openPlanClient, type PlanClient } from './plans.ts';
import { randomKey } from './random-key.ts';
import { openSessionClient, type SessionClient } from './sessions.ts';
import { openStateClient, type StateClient } from './state.ts';
import { IDLE_MS, pathOf, type StreamOptions, streamEvents } from './stream.ts';

/** What a run is asked for: a query, a ready plan or a stored one; defaults may be left out. */
export type RunInput = z.input<typeof RunRequest>;

/** Tasks to run again, and changes of tasks, which run again too. */
export type ForkInput = z.input<typeof ForkRequest>;

export type CallOptions = Readonly<{ signal?: AbortSignal | undefined }>;
export type SubmitOptions = CallOptions & Readonly<{ idempotencyKey?: string | undefined }>;
export type PageOptions = CallOptions & Readonly<{ limit?: number | undefined; cursor?: string | undefined }>;

/** Every call throws a BatonError with the code and the faults of baton's answer, or the reason of its signal. */
export type Client = AgentClient &
  ArtifactClient &
  InterruptClient &
  MessageClient &
  PlanClient &
  SessionClient &
  StateClient & {
    /** Accepts a run and returns at once. Without a key of the caller's it gets a random one, so that a lost answer never means two runs. */
    submit(request: RunInput, options?: SubmitOptions): Promise<RunAccepted>;
    /** The run as it is now. */
    run(id: string, options?: CallOptions): Promise<RunView>;
    /** The run once it has ended, in whatever way. Lasts as long as the run does: bound it by the signal. */
    wait(id: string, options?: CallOptions): Promise<RunView>;
    /** The run's events from the first one, or after `after`, each once and in order; ends with the terminal event. Resumes by itself. */
    stream(id: string, options?: StreamOptions): AsyncIterable<StreamEvent>;
    submitAndStream(request: RunInput, options?: SubmitOptions): AsyncIterable<StreamEvent>;
    /** Asks for the run's end; the status it has then. Nothing happens to a run that has ended. */
    cancel(id: string, options?: CallOptions): Promise<RunAccepted>;
    /** A new run of one that has ended: what is named or changed runs again with all that depends on it, everything else is re-used. */
    fork(id: string, request: ForkInput, options?: SubmitOptions): Promise<RunAccepted>;
    /** What the run does, as nodes with their states and edges. */
    graph(id: string, options?: CallOptions): Promise<RunGraph>;
    /** The same as a Mermaid flowchart. */
    drawGraph(id: string, options?: CallOptions): Promise<string>;
    /** What such a fork would run again, and what that cost last time. */
    previewFork(id: string, request: ForkInput, options?: CallOptions): Promise<ForkPreview>;
    /** One page of runs, newest first: at most `limit`, from where the page before gave its `next_cursor`. */
    runs(options?: PageOptions): Promise<RunPage>;
    /** What agents can be made from, and what became of those that were. */
    templates(options?: CallOptions): Promise<readonly ListedTemplate[]>;
  };

export type ClientOptions = HttpOptions &
  Readonly<{
    /** Milliseconds of silence, heartbeats included, after which a stream reconnects. Default: three heartbeats. */
    idleMs?: number;
  }>;

/** A client of the baton at `url`. Holds nothing open between calls. */
export function openClient({ idleMs = IDLE_MS, ...options }: ClientOptions): Client {
  const http = openHttp(options);
  const submit: Client['submit'] = (body, { idempotencyKey = randomKey(), signal } = {}) =>
    http.load(RunAccepted, {
      path: 'v1/runs',
      method: 'POST',
      headers: { 'idempotency-key': idempotencyKey },
      body,
      signal,
    });
  const run: Client['run'] = (id, { signal } = {}) => http.load(RunView, { path: pathOf(id), signal });
  const stream: Client['stream'] = (id, given = {}) => streamEvents({ http, run: id, idleMs }, given);

  return {
    ...openAgentClient(http),
    ...openArtifactClient(http),
    ...openInterruptClient(http),
    ...openMessageClient(http),
    ...openPlanClient(http),
    ...openSessionClient(http),
    ...openStateClient(http),
    submit,
    run,
    stream,
    wait: async (id, given = {}) => {
      const now = await run(id, given);
      if (isTerminal(now.status)) return now;
      for await (const event of stream(id, given)) if (isTerminalEvent(event.name)) break;
      return run(id, given);
    },
    submitAndStream: async function* (request, given = {}) {
      const { run_id } = await submit(request, given);
      yield* stream(run_id, { signal: given.signal });
    },
    cancel: (id, { signal } = {}) => http.load(RunAccepted, { path: `${pathOf(id)}/cancel`, method: 'POST', signal }),
    fork: (id, body, { idempotencyKey = randomKey(), signal } = {}) =>
      http.load(RunAccepted, {
        path: `${pathOf(id)}/fork`,
        method: 'POST',
        headers: { 'idempotency-key': idempotencyKey },
        body,
        signal,
      }),
    previewFork: (id, body, { signal } = {}) =>
      http.load(ForkPreview, { path: `${pathOf(id)}/fork?dry_run=1`, method: 'POST', body, signal }),
    graph: (id, { signal } = {}) => http.load(RunGraph, { path: `${pathOf(id)}/graph`, signal }),
    drawGraph: (id, { signal } = {}) => http.loadText({ path: `${pathOf(id)}/graph?format=mermaid`, signal }),
    runs: ({ limit, cursor, signal } = {}) => {
      const query = new URLSearchParams({
        ...(limit !== undefined && { limit: `${limit}` }),
        ...(cursor !== undefined && { cursor }),
      });
      return http.load(RunPage, { path: `v1/runs?${query}`, signal });
    },
    templates: async ({ signal } = {}) => (await http.load(TemplateList, { path: 'v1/templates', signal })).templates,
  };
}

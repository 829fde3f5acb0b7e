// Runs of queries with a model whose requests are counted where they arrive, and the plans that it may make of them.
import type { StreamEvent } from '../../src/contracts/event.ts';
import { RunRequest, type RunView } from '../../src/contracts/run.ts';
import { submitRun } from '../../src/orchestrator/submit-run.ts';
import { viewRun } from '../../src/orchestrator/view-run.ts';
import { chunk, type ModelAnswer, openScriptedModel, say, streamOf } from './scripted-model.ts';
import { eventsOfEndedRun } from './store.ts';
import type { UsedStore } from './use-store.ts';
import { startTestWorker } from './worker.ts';

export type Asked = {
  readonly run: string;
  readonly view: RunView;
  readonly events: readonly StreamEvent[];
  /** What the model's server received for this run, in order. */
  readonly requests: readonly Record<string, unknown>[];
};

export type Asking = AsyncDisposable & {
  /** Runs a request to its end. */
  ask(request: object): Promise<Asked>;
};

type AskingOptions = {
  /** How the model answers, by the number of the request from 0; what is streamed is an answer, all else a plan. */
  readonly answer: (number: number, body: Record<string, unknown>) => ModelAnswer;
  readonly env?: Readonly<Record<string, string>>;
};

/** Opens a model's server and a whole worker that asks it. */
export async function openAsking(used: UsedStore, { answer, env = {} }: AskingOptions): Promise<Asking> {
  let number = 0;
  const model = await openScriptedModel([
    (response, body) => {
      number += 1;
      answer(number - 1, body)(response, body);
    },
  ]);
  const worker = await startTestWorker({ redisUrl: used.redis.url, env: { ...model.env, ...env } });
  return {
    ask: async (request) => {
      const before = model.received.length;
      const { run } = await submitRun(used.flow, RunRequest.parse(request));
      const events = await eventsOfEndedRun(used, run, 15_000);
      const view = await viewRun(used.store, run);
      if (view === undefined) throw new Error('the run is gone');
      return { run, view, events, requests: model.asked().slice(before) };
    },
    [Symbol.asyncDispose]: async () => {
      await worker[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

/** What a model says of a query: a plan of tasks that wait for nothing, by their capabilities. */
export function planned(...capabilities: readonly string[]): ModelAnswer {
  const sub_tasks = capabilities.map((required_capability, index) => ({
    ...{
      task_id: `t${index + 1}`,
      description: `do ${index + 1}`,
      required_capability,
      input_data: [],
      depends_on: [],
    },
  }));
  return say(JSON.stringify({ reasoning: 'as asked', sub_tasks }));
}

/** What a model writes. */
export const written = streamOf([chunk('the answer', 'stop')]);

/** Plans for what is asked in a form, and writes what is streamed. */
export function planner(...capabilities: readonly string[]): AskingOptions['answer'] {
  return (_number, body) => (body.stream === true ? written : planned(...capabilities));
}

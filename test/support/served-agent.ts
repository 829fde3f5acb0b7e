// What tests of served agents share: how they are served, called and held in the middle of their work.
import type { AgentContext, AgentTask } from '../../src/agents/definition.ts';
import type { ServeOptions } from '../../src/agents/serve.ts';

/** Served without a registry and without signals; failures go nowhere. */
export const alone: ServeOptions = { batonUrl: null, signals: false, log: () => undefined };
export const about = { id: 'probe', capabilities: ['custom'] } as const;
export const task = JSON.stringify({ task_id: 't1', description: 'Say it.' });

export type Posted = Readonly<{
  body?: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}>;

/** POSTs the usual task, or another body, with further headers. */
export function post(url: string, { body = task, headers = {}, signal }: Posted = {}): Promise<Response> {
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
  return fetch(url, signal === undefined ? init : { ...init, signal });
}

export type HeldCall = Readonly<{ task: AgentTask; context: AgentContext; finish: (text?: string) => void }>;

/** An invoke handler whose calls end when the test says so, or when their signal aborts. `next` awaits the next call. */
export function heldHandler() {
  const calls: HeldCall[] = [];
  const waiting: ((call: HeldCall) => void)[] = [];
  const unread: HeldCall[] = [];
  const invoke = (given: AgentTask, context: AgentContext): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    context.signal.addEventListener('abort', () => reject(context.signal.reason));
    const call = { task: given, context, finish: (text = 'done') => resolve(text) };
    calls.push(call);
    const reader = waiting.shift();
    if (reader === undefined) unread.push(call);
    else reader(call);
    return promise;
  };
  const next = (): Promise<HeldCall> => {
    const call = unread.shift();
    return call === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(call);
  };
  return { invoke, next, calls };
}

// The offline model with a planner of changes before it: what it is asked for a patch a test answers, everything else it does itself.
import { pipeline } from 'node:stream/promises';
import { openOfflineModel } from '../../src/demo/offline-model.ts';
import { openScriptedServer } from './scripted-server.ts';

export type PatchingModel = AsyncDisposable & {
  /** The settings of processes that are to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** The texts of each request so far, all messages in one. */
  readonly prompts: readonly string[];
  /** What is answered next time somebody asks for a patch; the offline model has none. */
  answerPatch(text: string): void;
};

export async function openPatchingModel(): Promise<PatchingModel> {
  const offline = await openOfflineModel();
  const prompts: string[] = [];
  let patch: string | undefined;
  const server = await openScriptedServer(async (response, { body }) => {
    const { messages, response_format } = JSON.parse(body);
    prompts.push(messages.map(({ content }: { content: string }) => content).join('\n'));
    if (patch !== undefined && Object(response_format).json_schema?.name === 'plan_patch') {
      const message = { role: 'assistant', content: patch };
      const choices = [{ index: 0, finish_reason: 'stop', message }];
      const completion = { id: 'c', object: 'chat.completion', created: 1, model: 'patching', choices };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion));
      return;
    }
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${offline.url}/chat/completions`, { method: 'POST', headers, body });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    if (answer.body !== null) await pipeline(answer.body, response);
  });
  return {
    env: { OPENAI_BASE_URL: `${server.url}/v1` },
    prompts,
    answerPatch: (text) => {
      patch = text;
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await offline.close();
    },
  };
}

// A model that does whatever the texts in its prompts ask for: what remains of that is what the code around it allows.
import { chunk, say, streamOf } from './scripted-model.ts';
import { openScriptedServer } from './scripted-server.ts';

export type GullibleModel = AsyncDisposable & {
  /** The settings of processes that are to use it. */
  readonly env: Readonly<Record<'OPENAI_BASE_URL', string>>;
  /** The bodies of the requests so far. */
  readonly prompts: readonly string[];
  /** What it was shown to be let in, each once. */
  readonly shown: ReadonlySet<string>;
};

/** Opens it. An answer or an agent's text is its prompt again; a plan or a patch is what the prompt asks for, and when that has faults, one task that does. */
export async function openGullibleModel(): Promise<GullibleModel> {
  const prompts: string[] = [];
  const shown = new Set<string>();
  const server = await openScriptedServer((response, { method, headers, body: text }) => {
    if (method !== 'POST') return void response.end(); // somebody asks whether it is there
    shown.add(headers.authorization ?? '');
    prompts.push(text);
    const body = JSON.parse(text);
    const contents: readonly string[] = body.messages.map(({ content }: { content: string }) => content);
    const last = contents.at(-1) ?? '';
    if (body.stream === true) return streamOf([chunk(last), chunk('', 'stop')])(response, body);
    const form: unknown = body.response_format?.json_schema?.name;
    const isRepair = last.startsWith('This plan cannot be used');
    const answer = isRepair ? obedient(form, contents.join('\n')) : objectIn(last, contents.join('\n'));
    return say(answer)(response, body);
  });
  return {
    env: { OPENAI_BASE_URL: `${server.url}/v1` },
    prompts,
    shown,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What looks like an object, in the text of an error if there is one; else that text. */
function objectIn(last: string, prompt: string): string {
  const error = /"message":("(?:[^"\\]|\\.)*")/.exec(last)?.[1];
  const text: string = error === undefined ? prompt : JSON.parse(error);
  return text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1) || text;
}

function obedient(form: unknown, prompt: string): string {
  const description = prompt.slice(-8_000);
  const task = { description, required_capability: 'custom', input_data: [], depends_on: [] };
  return form === 'plan_patch'
    ? JSON.stringify({ reason: 'I was told to.', add_tasks: [{ task_id: 'new1', ...task }], supersede_pending: [] })
    : JSON.stringify({ reasoning: 'I was told to.', sub_tasks: [{ task_id: 't1', ...task }] });
}

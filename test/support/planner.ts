// A model that plans changes: what it is asked about is read from its prompt, and a test says what it answers.
import { chunk, type ModelAnswer, openScriptedModel, type ScriptedModel, say, streamOf } from './scripted-model.ts';

/** What the planner was told: the task with the outcome, and each task of the plan with its state. */
export type Asked = {
  readonly outcome: { readonly task_id: string; readonly outcome: string; readonly error: { code: string } | null };
  readonly tasks: readonly { readonly task_id: string; readonly state: string; readonly depends_on: string[] }[];
  /** Which turn this is: 1, or 2 after a patch with faults. */
  readonly turn: number;
  /** The complaints of a second turn. */
  readonly complaints: string;
};

/** A new task as a model writes it. */
export type NewTask = {
  readonly id: string;
  readonly after?: readonly string[];
  readonly capability?: string;
  readonly input?: object;
};

/** A patch as a model writes it; JSON text, or anything else that it may say. */
export function patchText(add: readonly NewTask[], supersede: readonly string[] = [], reason = 'another way'): string {
  const add_tasks = add.map(({ id, after = [], capability = 'custom', input = {} }) => ({
    task_id: id,
    description: `do ${id}`,
    required_capability: capability,
    input_data: Object.entries(input).map(([name, value]) => ({ name, value })),
    depends_on: after,
  }));
  return JSON.stringify({ reason, add_tasks, supersede_pending: supersede });
}

export type Planner = AsyncDisposable & {
  readonly env: Readonly<Record<string, string>>;
  /** Everything it was asked, in order. */
  readonly asked: readonly Asked[];
};

/** Opens a model that answers questions for a patch with what `answer` says, and everything else with an answer's stream. */
export async function openPlanner(answer: (asked: Asked) => string | ModelAnswer): Promise<Planner> {
  const asked: Asked[] = [];
  const model: ScriptedModel = await openScriptedModel([
    (response, body) => {
      if (body.stream === true) return streamOf([chunk('the answer', 'stop')])(response, body);
      const question = read(body);
      asked.push(question);
      const given = answer(question);
      return (typeof given === 'string' ? say(given) : given)(response, body);
    },
  ]);
  return { env: model.env, asked, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() };
}

function read({ messages }: Record<string, unknown>): Asked {
  const users = (messages as { role: string; content: string }[]).filter(({ role }) => role === 'user'); // Chat Completions' form
  const [first = '', ...later] = users.map(({ content }) => content);
  const outcome = JSON.parse(/one JSON object:\n(.*)\n/.exec(first)?.[1] ?? '{}');
  const lines = /<<<TASKS\n([\s\S]*?)\nTASKS>>>/.exec(first)?.[1]?.split('\n') ?? [];
  return { outcome, tasks: lines.map((line) => JSON.parse(line)), turn: users.length, complaints: later.join('\n') };
}

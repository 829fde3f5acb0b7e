import { z } from 'zod';
import { PlanReuse } from '../contracts/cached-plan.ts';
import { askName, InterruptState, type InterruptSubject, InterruptView } from '../contracts/interrupt.ts';
import { JobRef } from '../contracts/job.ts';
import { Resume } from '../contracts/question.ts';
import { TaskResult, Usage } from '../contracts/result.ts';
import { ModeDecision } from '../contracts/run-options.ts';
import type { Store } from './store.ts';

/** How a plan was made that a human is asked about. */
const Making = z.object({
  usage: Usage.nullable(),
  model: z.object({ name: z.string(), offline: z.boolean() }).nullable(),
  mode: ModeDecision.nullable(),
  warnings: z.array(z.string()).default([]),
  cached: PlanReuse.optional(),
});

/** A question to a human as it is recorded, its content beside it: it never changes. */
export const Ask = InterruptView.omit({ state: true, reason: true, content: true }).extend({
  /** The asking attempt's. */
  epoch: z.int(),
  /** Whose job waits. */
  job: JobRef,
  /** What an edit gives. */
  edit: z.enum(['input', 'text', 'plan', 'patch']),
  /** output: what was delivered, without its text, which is the content. So nobody is called again for it. */
  held: TaskResult.nullable(),
  made: Making.nullable(),
  /** question: what its agent wants back with the answer. Nobody is shown it. */
  resume: Resume.nullable().default(null),
  /** question: which one of its task it is, from 1. */
  round: z.int().default(1),
});
export type Ask = z.infer<typeof Ask>;

/** What was decided, once. */
export const Resolution = z.object({
  state: InterruptState.exclude(['open']),
  reason: z.string(),
  /** Nobody decided in time, so the default did. */
  expired: z.boolean(),
  /** edited: by Ask.edit an InputEdit, a text or a plan. */
  content: z.unknown().optional(),
  /** The deciding call's own: the same decision sent again after a lost reply is no second one. */
  token: z.string(),
});
export type Resolution = z.infer<typeof Resolution>;

/** A question with what it is about. */
export type AskWithContent = { readonly ask: Ask; readonly content: string };

/** The same and its answer, undefined while it is open. */
export type Question = AskWithContent & { readonly resolution: Resolution | undefined };

/** The fields of a question: itself, its content, its answer. */
function fieldsOf(name: string): readonly [ask: string, content: string, resolution: string] {
  return [name, `${name}:content`, `${name}:resolution`];
}

/** One question of a run, called as askName has it; undefined when there is none. */
export async function loadQuestion({ redis, keys }: Store, run: string, name: string): Promise<Question | undefined> {
  return parse(await redis.hmget(keys.run(run).asks, ...fieldsOf(name)));
}

/** What a human was asked about one task. */
export async function loadTaskQuestions(
  { redis, keys }: Store,
  run: string,
  task: string,
): Promise<Readonly<Record<'input' | 'output', Question | undefined>>> {
  const fields = (subject: InterruptSubject) => fieldsOf(askName(task, subject));
  const found = await redis.hmget(keys.run(run).asks, ...fields('input'), ...fields('output'));
  return { input: parse(found.slice(0, 3)), output: parse(found.slice(3)) };
}

/** The newest question that an agent has asked for a task; undefined when none has. */
export async function loadAgentQuestion(store: Store, run: string, task: string): Promise<Question | undefined> {
  const round = await store.redis.hget(store.keys.run(run).asks, roundField(task));
  return round === null ? undefined : loadQuestion(store, run, askName(task, 'question', Number(round)));
}

/** How many questions agents have asked for a task: flow/ask.lua writes it. */
export function roundField(task: string): string {
  return `${task}~question:round`;
}

/** All questions of a run, oldest first. */
export async function loadQuestions({ redis, keys }: Store, run: string): Promise<readonly Question[]> {
  const fields = await redis.hgetall(keys.run(run).asks);
  const names = Object.keys(fields).filter(isAskName);
  const questions = names.flatMap((name) => parse(fieldsOf(name).map((field) => fields[field])) ?? []);
  return questions.toSorted((a, b) => a.ask.requested_at.localeCompare(b.ask.requested_at));
}

/** A question without what may be large: its content and its answer. */
export type AskHead = { readonly ask: Ask; readonly isOpen: boolean };

/** The heads of all questions of a run. */
export async function loadAskHeads({ redis, keys }: Store, run: string): Promise<readonly AskHead[]> {
  const fields = new Set(await redis.hkeys(keys.run(run).asks));
  const names = [...fields].filter(isAskName);
  const asks = names.length === 0 ? [] : await redis.hmget(keys.run(run).asks, ...names);
  return names.flatMap((name, at) => {
    const ask = asks[at];
    return ask == null ? [] : [{ ask: Ask.parse(JSON.parse(ask)), isOpen: !fields.has(fieldsOf(name)[2]) }];
  });
}

/** The names of a run's questions alone. */
export async function loadAskNames({ redis, keys }: Store, run: string): Promise<readonly string[]> {
  return (await redis.hkeys(keys.run(run).asks)).filter(isAskName);
}

/** A question as the API shows it. */
export function toInterruptView({ ask, content, resolution }: Question): InterruptView {
  const { state = 'open', reason = null } = resolution ?? {};
  return InterruptView.parse({ ...ask, content, state, reason });
}

/** Beside questions the hash holds what belongs to them. */
function isAskName(field: string): boolean {
  return field.includes('~') && !field.includes(':');
}

/** From fieldsOf's values. */
function parse([ask, content, resolution]: readonly (string | null | undefined)[]): Question | undefined {
  if (ask == null) return undefined;
  return {
    ask: Ask.parse(JSON.parse(ask)),
    content: z.string().parse(content), // written with it
    resolution: resolution == null ? undefined : Resolution.parse(JSON.parse(resolution)),
  };
}

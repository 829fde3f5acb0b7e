import { z } from 'zod';
import { askName, InterruptState, type InterruptSubject, InterruptView } from '../contracts/interrupt.ts';
import { JobRef } from '../contracts/job.ts';
import { TaskResult, Usage } from '../contracts/result.ts';
import { ModeDecision } from '../contracts/run-options.ts';
import type { Store } from './store.ts';

/** How a plan was made that a human is asked about. */
const Making = z.object({
  usage: Usage.nullable(),
  model: z.object({ name: z.string(), offline: z.boolean() }).nullable(),
  mode: ModeDecision.nullable(),
});

/** A question to a human as it is recorded: it never changes. */
export const Ask = InterruptView.omit({ state: true, reason: true }).extend({
  /** The asking attempt's. */
  epoch: z.int(),
  /** Whose job waits. */
  job: JobRef,
  /** What an edit gives. */
  edit: z.enum(['input', 'text', 'plan']),
  /** output: what was delivered, without its text, which is the content. So nobody is called again for it. */
  held: TaskResult.nullable(),
  made: Making.nullable(),
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

/** A question and its answer, undefined while it is open. */
export type Question = { readonly ask: Ask; readonly resolution: Resolution | undefined };

/** The field of a question's answer. */
export function resolutionField(name: string): string {
  return `${name}:resolution`;
}

/** One question of a run, called as askName has it; undefined when there is none. */
export async function loadQuestion({ redis, keys }: Store, run: string, name: string): Promise<Question | undefined> {
  const [ask, resolution] = await redis.hmget(keys.run(run).asks, name, resolutionField(name));
  return ask == null ? undefined : parse(ask, resolution);
}

/** What a human was asked about one task. */
export async function loadTaskQuestions(
  { redis, keys }: Store,
  run: string,
  task: string,
): Promise<Partial<Record<'input' | 'output', Question>>> {
  const names = (['input', 'output'] satisfies InterruptSubject[]).map((subject) => askName(task, subject));
  const found = await redis.hmget(keys.run(run).asks, ...names, ...names.map(resolutionField));
  const [input, output, inputAnswer, outputAnswer] = found;
  return {
    ...(input != null && { input: parse(input, inputAnswer) }),
    ...(output != null && { output: parse(output, outputAnswer) }),
  };
}

/** All questions of a run, oldest first. */
export async function loadQuestions({ redis, keys }: Store, run: string): Promise<readonly Question[]> {
  const fields = await redis.hgetall(keys.run(run).asks);
  const questions = Object.entries(fields)
    .filter(([name]) => isAskName(name))
    .map(([name, ask]) => parse(ask, fields[resolutionField(name)]));
  return questions.toSorted((a, b) => a.ask.requested_at.localeCompare(b.ask.requested_at));
}

/** The names of a run's questions, their contents unread. */
export async function loadAskNames({ redis, keys }: Store, run: string): Promise<readonly string[]> {
  return (await redis.hkeys(keys.run(run).asks)).filter(isAskName);
}

/** A question as the API shows it. */
export function toInterruptView({ ask, resolution }: Question): InterruptView {
  return InterruptView.parse({ ...ask, state: resolution?.state ?? 'open', reason: resolution?.reason ?? null });
}

/** Beside questions the hash holds what came of them. */
function isAskName(field: string): boolean {
  return field.includes('~') && !field.includes(':');
}

function parse(ask: string, resolution: string | null | undefined): Question {
  return {
    ask: Ask.parse(JSON.parse(ask)),
    resolution: resolution == null ? undefined : Resolution.parse(JSON.parse(resolution)),
  };
}

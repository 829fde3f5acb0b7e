import { z } from 'zod';
import { RunId } from './ids.ts';
import { limits } from './limits.ts';
import { SubTask } from './plan.ts';
import { QuestionKind } from './question.ts';

/**
 * What is asked about: a task's input before it begins, its text after it, the whole plan, a change of it because of a task's outcome,
 * or what its agent wants to know.
 */
export const InterruptSubject = z.enum(['input', 'output', 'plan', 'patch', 'question']);
export type InterruptSubject = z.infer<typeof InterruptSubject>;

/** withdrawn: nobody needs to decide any more, as the run has ended or a join went on without the task. */
export const InterruptState = z.enum(['open', 'approved', 'edited', 'rejected', 'withdrawn']);
export type InterruptState = z.infer<typeof InterruptState>;

/** An interrupt's id: `<run>~<task>~<subject>`, the plan's task being `$plan`; an agent's question has its number, `question.2`. */
export const InterruptId = z
  .string()
  .max(200)
  .regex(
    /^r[A-Za-z0-9]{22}~[A-Za-z0-9$][A-Za-z0-9_.-]{0,63}~(input|output|plan|patch|question\.[1-9]\d?)$/,
    'expected <run>~<task>~<subject>',
  );

/** What a question is called within its run. An agent may ask several times for one task: `round` counts from 1. */
export function askName(task: string, subject: InterruptSubject, round = 1): string {
  return subject === 'question' ? `${task}~question.${round}` : `${task}~${subject}`;
}

export function interruptId(run: string, name: string): string {
  return `${run}~${name}`;
}

/** The run of an interrupt, and what it is called there: askName's form. */
export function partsOf(id: string): { readonly run: string; readonly name: string } {
  const end = id.indexOf('~'); // run ids hold none
  return { run: id.slice(0, end), name: id.slice(end + 1) };
}

/** A question to a human, as the API shows it. `hash` is the SHA-256 of `content`, in hex: a decision names what it decided on. */
export const InterruptView = z.object({
  id: InterruptId,
  run_id: RunId,
  task_id: z.string(),
  subject: InterruptSubject,
  state: InterruptState,
  /** Exactly what is asked about. input: JSON {description, input_data, context}. output: the text. plan, patch: their JSON. question: the agent's words. */
  content: z.string(),
  /** Of a question: which agent asks, and whether for an answer or for an authorization that is given elsewhere. */
  asked_by: z.object({ agent_id: z.string(), kind: QuestionKind }).nullable().default(null),
  hash: z.string(),
  requested_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  /** What is decided when nobody does. */
  on_expiry: z.enum(['approve', 'reject']),
  reason: z.string().nullable(),
});
export type InterruptView = z.infer<typeof InterruptView>;

/** What an edit of a task's input may change. */
export const InputEdit = z
  .strictObject({
    description: SubTask.shape.description.optional(),
    input_data: SubTask.shape.input_data.unwrap().optional(),
  })
  .refine((edit) => Object.keys(edit).length > 0, 'expected "description" or "input_data"');
export type InputEdit = z.infer<typeof InputEdit>;

/** The text that takes the place of a task's own, or of an approval task's, or the answer to an agent's question. */
export const TextEdit = z.string().min(1).max(limits.outputChars);

/**
 * Body of POST /v1/interrupts/{id}/decision. `content` of an edit: for an input {description?, input_data?}, for an output the new
 * text, for a plan the new plan, for a patch the new patch; for a task of kind approval the text it shall give; for an agent's question the answer, without which
 * an approval lets it go on.
 */
export const Decision = z
  .strictObject({
    decision: z.enum(['approve', 'edit', 'reject']),
    hash: z.string().regex(/^[0-9a-f]{64}$/, 'expected the hash of the content as the question gave it'),
    content: z.unknown().optional(),
    reason: z.string().max(limits.errorChars).default(''),
  })
  .refine((body) => (body.decision === 'edit') === (body.content !== undefined), {
    path: ['content'],
    message: 'expected new content with "edit", and only then',
  });
export type Decision = z.infer<typeof Decision>;

import { z } from 'zod';
import { AgentId } from './ids.ts';
import { SubTask } from './plan.ts';

/**
 * Bounds of one program, beside those of its run: steps over its whole life, and steps of one decision. `logChars`: of an error's text,
 * as the program is told of it.
 */
export const programLimits = { steps: 400, atOnce: 100, logChars: 200 } as const;

/** What a program calls a step: its own name for it, the same whenever it is asked. */
export const StepKey = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'expected 1 to 64 letters, digits, "_", "." or "-", not starting with a sign',
  );

/** Says what a step is, in the program's own form; baton gives it back and never looks into it. */
const Digest = z.string().max(100);

/**
 * A step: a task without an id. Where a task names tasks (depends_on, after, map.over.task, review.revise) it names keys of steps that the
 * program was told have ended; it waits for nothing else.
 */
export const ProgramStep = SubTask.omit({ task_id: true, join: true }).extend({
  key: StepKey,
  digest: Digest.optional(),
});
export type ProgramStep = z.infer<typeof ProgramStep>;

/**
 * The next steps; none of them waits for those that are under way. `wake`: whether the program is asked again when all of its steps have ended, or
 * as soon as another one has. `cancel`: steps that are not needed any more.
 */
export const ProgramSteps = z.strictObject({
  steps: z.array(ProgramStep).max(programLimits.atOnce),
  wake: z.enum(['all', 'any']).default('all'),
  cancel: z.array(StepKey).max(programLimits.steps).default([]),
});
export type ProgramSteps = z.infer<typeof ProgramSteps>;

/** The end: a text as it is, anything else as JSON. */
export const ProgramResult = z.strictObject({ result: z.json() });
export type ProgramResult = z.infer<typeof ProgramResult>;

/** The end without a result. */
export const ProgramFailure = z.strictObject({
  error: z.strictObject({
    code: z.enum(['program_failed', 'program_diverged']).default('program_failed'),
    message: z.string().max(16_000),
  }),
});
export type ProgramFailure = z.infer<typeof ProgramFailure>;

/** How a step stands. `decision`: what a human said, of a step of kind approval. Its text is in the payload's context, by task_id. */
export const LoggedProgramStep = z.object({
  key: StepKey,
  task_id: z.string(),
  status: z.enum(['running', 'completed', 'failed', 'skipped']),
  digest: Digest.optional(),
  agent_id: AgentId.or(z.literal('orchestrator')).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  decision: z.enum(['approved', 'edited', 'rejected']).optional(),
});
export type LoggedProgramStep = z.infer<typeof LoggedProgramStep>;

/**
 * What a program is asked with, in its payload's `program`: the steps that have ended in the order in which it was told, which never changes, then
 * those that run. Cancelled ones are left out.
 */
export const ProgramLog = z.object({ version: z.literal(1), steps: z.array(LoggedProgramStep) });
export type ProgramLog = z.infer<typeof ProgramLog>;

import type { InputOfAgent } from '../agents/definition.ts';
import type { GatherHandle, JoinOptions, Nothing, ResultOf, TaskHandle } from './handle.ts';
import type { ApproveOptions, Doer, HumanDecision, PlainTask, Spelled, TaskOptions, TaskResultOf } from './task.ts';

/** A step: to be awaited, or to be named in what others need. */
export type StepHandle<Result> = TaskHandle<Result> & PromiseLike<Result>;
/** Several steps as one, likewise. */
export type GatheredSteps<Result> = GatherHandle<Result> & PromiseLike<Result>;

type Steps = readonly TaskHandle<unknown>[];

/** What a flow's function works with. */
export type FlowTools = Readonly<{
  /** A step. Rejects with a BatonError that has the code its task failed with. */
  task<const Who extends Doer, const Options extends TaskOptions<InputOfAgent<Who>> = PlainTask<InputOfAgent<Who>>>(
    who: Who,
    ...[options]: Nothing extends TaskOptions<InputOfAgent<Who>>
      ? [options?: Options & Spelled<Options, InputOfAgent<Who>>]
      : [options: Options & Spelled<Options, InputOfAgent<Who>>]
  ): StepHandle<TaskResultOf<Who, Options>>;
  /** All of them, in order; rejects as the first one does that fails. */
  all<const Of extends Steps>(steps: Of): GatheredSteps<{ -readonly [At in keyof Of]: ResultOf<Of[At]> }>;
  /** The first one that completes; the others are ended. Rejects when none does. */
  race<const Of extends Steps>(steps: Of): GatheredSteps<ResultOf<Of[number]>>;
  /** A share of them: undefined for those that had not completed by then, which are ended unless late is "keep". */
  join<const Of extends Steps>(
    steps: Of,
    options?: JoinOptions,
  ): GatheredSteps<{ -readonly [At in keyof Of]: ResultOf<Of[At]> | undefined }>;
  /** Asks a human, for as long as it takes. A rejection is a decision, too. */
  approve(question: string, options?: ApproveOptions): StepHandle<HumanDecision>;
}>;

import { BatonError, type ErrorCode } from '../contracts/error.ts';
import { ORCHESTRATOR, ROOT_TASK } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { joinedText, type Usage } from '../contracts/result.ts';
import { countModelCall } from '../journal/count-model-call.ts';
import { failAttempt } from '../journal/fail-attempt.ts';
import { openFunds } from '../journal/funds.ts';
import { countedModel } from '../llm/counted-model.ts';
import type { Model } from '../llm/model.ts';
import { payingModel } from '../llm/paying-model.ts';
import type { ModelEvent } from '../llm/stream.ts';
import { nextStep } from '../plan/next-step.ts';
import { chargeOf, estimateOf } from '../plan/price.ts';
import { loneAnswer, type ReadyAnswer, readyAnswer } from '../plan/ready-answer.ts';
import { openPublisher, type Publisher } from '../streams/publisher.ts';
import type { RootAttempt, SettledRun } from './root-attempt.ts';
import { synthesisMessages } from './synthesis-prompt.ts';

/** The answer of a run. `warning` when it is not the synthesis that was asked for; `partial` when something is missing that the run was to give. */
export type Answer = {
  readonly text: string;
  readonly usage: Usage | null;
  readonly warning: string | null;
  readonly partial: boolean;
};

/** What came of trying to write it. */
export type AnswerOutcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'again'; readonly delayMs: number }
  | { readonly kind: 'stopped' };

/** Streams the answer that the plan names, or the synthesis; a model that stays away is tried again, and in the end the results themselves are the answer. */
export async function writeAnswer(attempt: RootAttempt, settled: SettledRun): Promise<AnswerOutcome> {
  try {
    return { kind: 'answer', answer: await streamAnswer(attempt, settled) };
  } catch (thrown) {
    return afterFailure(attempt, settled, BatonError.from(attempt.signal.aborted ? attempt.signal.reason : thrown));
  }
}

async function streamAnswer(attempt: RootAttempt, settled: SettledRun): Promise<Answer> {
  const { tools, run, epoch, signal } = attempt;
  // Without the signal, as in call-agent.ts: an answer that is whole shall be recorded.
  const publisher = openPublisher({ store: tools.flow.store, run, task: ROOT_TASK, agent: ORCHESTRATOR, epoch });
  try {
    const ready = readyAnswer(settled.plan, settled.results) ?? loneAnswer(settled);
    if (ready !== undefined) return await publishReady(ready, publisher);
    const messages = synthesisMessages(settled);
    const stop = AbortSignal.any([signal, publisher.lost]);
    const counted = countedModel(tools.model, (number) =>
      countModelCall(tools.flow.store, { run, task: ROOT_TASK, epoch, number }),
    );
    const model = settled.budgeted ? paidModel(attempt, counted) : counted;
    const answer = await publishTokens(model.stream({ messages, signal: stop }), publisher);
    await publisher.flush();
    return answer;
  } catch (thrown) {
    throw publisher.lost.aborted ? publisher.lost.reason : thrown;
  } finally {
    publisher.close();
  }
}

/** Characters of one piece of an answer that is there whole, and how many pieces there are at most. */
const PIECE_CHARS = 400;
const PIECES = 250;

/** An answer that no model writes is streamed like any other: who listens need not know. */
async function publishReady({ text, warning }: ReadyAnswer, publisher: Publisher): Promise<Answer> {
  const size = Math.max(PIECE_CHARS, Math.ceil(text.length / PIECES));
  for (let at = 0; at < text.length; at += size)
    await publisher.publish({ name: 'answer.token', data: text.slice(at, at + size), detail: {} });
  await publisher.flush();
  return { text, usage: null, warning, partial: warning !== null };
}

function paidModel({ tools: { flow }, run, epoch }: RootAttempt, model: Model): Model {
  const request = { run, epoch, task: ROOT_TASK, estimate: estimateOf(model) };
  const open = (signal: AbortSignal) => openFunds(flow.store, { ...request, signal });
  return payingModel(model, { open, charge: (usage) => chargeOf(usage, model) });
}

async function publishTokens(events: AsyncIterable<ModelEvent>, publisher: Publisher): Promise<Answer> {
  let text = '';
  let usage: Usage | null = null;
  let warning: string | null = null;
  for await (const event of events) {
    if (event.type === 'end') {
      usage = event.usage;
      if (event.finishReason === 'length') warning = 'The answer was cut at the length limit of the model.';
    } else {
      text += event.text;
      if (text.length > limits.outputChars) throw new BatonError('output_too_large');
      await publisher.publish({ name: 'answer.token', data: event.text, detail: {} });
    }
  }
  if (text.trim() === '') throw new BatonError('model_unavailable', 'The model gave an empty answer.');
  return { text, usage, warning, partial: warning !== null };
}

async function afterFailure(attempt: RootAttempt, settled: SettledRun, error: BatonError): Promise<AnswerOutcome> {
  const { tools, run, epoch } = attempt;
  const failures = attempt.failures + 1;
  if (error.code !== 'cancelled' && error.code !== 'draining') tools.report({ run, task: ROOT_TASK, error });
  const step = nextStep({ task: {}, error, failures, othersLeft: false, random: tools.random() });
  switch (step.kind) {
    case 'leave':
      throw error;
    case 'hand_back':
      return { kind: 'again', delayMs: 0 };
    case 'retry':
      await failAttempt(tools.flow.store, {
        run,
        epoch,
        task: ROOT_TASK,
        agents: [ORCHESTRATOR],
        error,
        delayMs: step.delayMs,
      });
      return { kind: 'again', delayMs: step.delayMs };
    case 'settle':
      return step.status === 'skipped' ? { kind: 'stopped' } : { kind: 'answer', answer: joinedAnswer(settled, error) };
    default:
      return step satisfies never;
  }
}

/** Bounds that the run was given: an answer without a synthesis is then the one that was asked for, and lacks nothing. */
const ownBounds: ReadonlySet<ErrorCode> = new Set(['model_calls_exhausted', 'budget_exhausted']);

/** The best answer there is without a model: what the tasks delivered, in the plan's order (mission A9). */
function joinedAnswer({ results }: SettledRun, error: BatonError): Answer {
  return {
    text: joinedText(results),
    usage: null,
    warning: `The results were not merged into one answer: ${error.message}`,
    partial: !ownBounds.has(error.code),
  };
}

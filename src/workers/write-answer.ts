import { BatonError } from '../contracts/error.ts';
import { ORCHESTRATOR, ROOT_TASK } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { joinedText, type Usage } from '../contracts/result.ts';
import { failAttempt } from '../journal/fail-attempt.ts';
import { openFunds } from '../journal/funds.ts';
import type { Model } from '../llm/model.ts';
import { payingModel } from '../llm/paying-model.ts';
import type { ModelEvent } from '../llm/stream.ts';
import { nextStep } from '../plan/next-step.ts';
import { chargeOf, estimateOf } from '../plan/price.ts';
import { openPublisher, type Publisher } from '../streams/publisher.ts';
import type { RootAttempt, SettledRun } from './root-attempt.ts';
import { synthesisMessages } from './synthesis-prompt.ts';

/** The answer of a run. `warning` when it is not the synthesis that was asked for. */
export type Answer = { readonly text: string; readonly usage: Usage | null; readonly warning: string | null };

/** What came of trying to write it. */
export type AnswerOutcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'again'; readonly delayMs: number }
  | { readonly kind: 'stopped' };

/** Streams the synthesis; a model that stays away is tried again, and in the end the results themselves are the answer. */
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
    const messages = synthesisMessages(settled);
    const stop = AbortSignal.any([signal, publisher.lost]);
    const model = settled.budgeted ? paidModel(attempt) : tools.model;
    const answer = await publishTokens(model.stream({ messages, signal: stop }), publisher);
    await publisher.flush();
    return answer;
  } catch (thrown) {
    throw publisher.lost.aborted ? publisher.lost.reason : thrown;
  } finally {
    publisher.close();
  }
}

function paidModel({ tools: { flow, model }, run, epoch }: RootAttempt): Model {
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
  return { text, usage, warning };
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

/** The best partial answer there is without a model: what the tasks delivered, in the plan's order (mission A9). */
function joinedAnswer({ results }: SettledRun, error: BatonError): Answer {
  return {
    text: joinedText(results),
    usage: null,
    warning: `The results were not merged into one answer: ${error.message}`,
  };
}

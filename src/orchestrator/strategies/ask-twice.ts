import type { z } from 'zod';
import { BatonError, type Fault } from '../../contracts/error.ts';
import { addUsage, type Usage } from '../../contracts/result.ts';
import type { ChatMessage } from '../../llm/message.ts';
import type { Model } from '../../llm/model.ts';
import { repairMessages } from '../planner/prompt.ts';

/** What the model is asked for, and what its answer is made into. */
export type Asking<D, T> = {
  readonly model: Model;
  /** Of the draft on the wire. */
  readonly name: string;
  readonly schema: z.ZodType<D>;
  readonly messages: readonly ChatMessage[];
  readonly signal: AbortSignal;
  readonly compile: (draft: D) => Made<T>;
};

/** A value, or what keeps a draft from being one. */
export type Made<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export type Asked<T> = { readonly value: T; readonly usage: Usage | null };

/**
 * One structured call of the model, or two when its first answer has faults. Throws planning_failed with the faults when the second
 * has some too, and whatever the model throws.
 */
export async function askTwice<D, T>(asking: Asking<D, T>): Promise<Asked<T>> {
  const first = await ask(asking, asking.messages);
  if (first.made.ok) return { value: first.made.value, usage: first.usage };
  const repair = repairMessages(first.text, first.made.faults.map(toSentence));
  const second = await ask(asking, [...asking.messages, ...repair]);
  if (second.made.ok) return { value: second.made.value, usage: addUsage([first.usage, second.usage]) };
  throw failure(second.made.faults);
}

async function ask<D, T>({ model, name, schema, signal, compile }: Asking<D, T>, messages: readonly ChatMessage[]) {
  const answer = await model.structured({ name, schema, messages, signal });
  const { text, usage } = answer;
  const faults = answer.ok ? [] : answer.complaints.map((message) => ({ path: '', message }));
  const made: Made<T> = answer.ok ? compile(answer.value) : { ok: false, faults };
  return { made, text, usage };
}

function toSentence({ path, message }: Fault): string {
  return path === '' ? message : `${path}: ${message}`;
}

function failure(faults: readonly Fault[]): BatonError {
  const shown = faults.slice(0, 3).map(toSentence).join('; ');
  const more = faults.length > 3 ? ` (and ${faults.length - 3} more)` : '';
  const message = `The model made no valid plan, not even when told its faults: ${shown}${more}.`;
  return new BatonError('planning_failed', message, { faults });
}

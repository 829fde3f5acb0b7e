import type { TalkEnding, TalkSpec } from '../contracts/talk.ts';
import { normalisedAnswer } from './answer-form.ts';
import { jsonObjectIn } from './json-answer.ts';
import { findLoop } from './loops.ts';

/** What a speaker said: the words, whether it is done, and whom it wants to hear next. */
export type Utterance = { readonly message: string; readonly done: boolean; readonly to: string | undefined };

/** One turn of a talk that has ended, by the name under which its speaker takes part. */
export type Turn =
  | ({ readonly kind: 'said'; readonly speaker: string } & Utterance)
  | { readonly kind: 'failed'; readonly speaker: string; readonly code: string; readonly why: string };

export type NextTalk =
  | { readonly kind: 'turn'; readonly speaker: string }
  | { readonly kind: 'end'; readonly ending: TalkEnding; readonly reason: string };

/** Failures after which no other speaker could do better. */
const BUDGET = 'budget_exhausted';

/**
 * What an agent's answer says. An answer that is a JSON object with any of "message", "done" and "to" is read as such; an object within
 * other words is part of them, so that quoting one ends nothing.
 */
export function utteranceIn(answer: string, until: string | undefined): Utterance {
  const text = answer.trim();
  const fields = /^(\{|```)/.test(text) ? jsonObjectIn(text) : undefined;
  const isMarked = fields !== undefined && ['message', 'done', 'to'].some((name) => Object.hasOwn(fields, name));
  const given = isMarked ? fields : {};
  const message = typeof given.message === 'string' ? given.message : isMarked ? '' : answer;
  const isOver = given.done === true || (until !== undefined && message.includes(until));
  return { message, done: isOver, to: typeof given.to === 'string' ? given.to : undefined };
}

/** What follows after these turns; `leftMs` is what is left of the task's time. */
export function nextTalk(spec: TalkSpec, turns: readonly Turn[], leftMs: number): NextTalk {
  const last = turns.at(-1);
  if (last?.kind === 'said' && last.done) return ended('done', `"${last.speaker}" said that it is done.`);
  if (last?.kind === 'failed') {
    if (last.code === BUDGET) return ended('budget', 'The budget of the run is spent.');
    const failures = turns.filter(({ kind, speaker }) => kind === 'failed' && speaker === last.speaker).length;
    if (failures > 1) return ended('speaker_failed', `"${last.speaker}" failed twice: ${last.why}`);
  }
  const loop = findLoop(turns.flatMap(formOf));
  if (loop?.reason === 'repeated')
    return ended('loop_detected', `The last ${loop.period} message(s) were said ${loop.times} times in a row.`);
  if (turns.length >= spec.max_turns)
    return ended('turn_limit', `After ${turns.length} turn(s) nobody had said that it is done.`);
  if (leftMs <= 0) return ended('time', 'The time of the talk was over.');
  return { kind: 'turn', speaker: nextSpeaker(spec, turns) };
}

function ended(ending: TalkEnding, reason: string): NextTalk {
  return { kind: 'end', ending, reason };
}

/** What a turn is compared by. */
function formOf(turn: Turn): readonly string[] {
  return turn.kind === 'said' ? [JSON.stringify([turn.speaker, turn.to ?? '', normalisedAnswer(turn.message)])] : [];
}

/** Whoever was named, if it takes part; else the one after the last speaker. */
function nextSpeaker({ agents, order }: TalkSpec, turns: readonly Turn[]): string {
  const last = turns.at(-1);
  if (last === undefined) return agents[0] ?? '';
  const named = order === 'addressed' && last.kind === 'said' && last.to !== last.speaker ? last.to : undefined;
  if (named !== undefined && agents.includes(named)) return named;
  return agents[(agents.indexOf(last.speaker) + 1) % agents.length] ?? '';
}

import { z } from 'zod';
import type { TaskResult } from '../../contracts/result.ts';
import { TalkEnding, TalkSpec } from '../../contracts/talk.ts';
import { loadResultsOf } from '../../journal/load-results.ts';
import { type Turn, utteranceIn } from '../../plan/talk.ts';
import type { SaidTurn } from '../../plan/talk-tasks.ts';
import type { Standing } from './pattern.ts';

/** What a round of a talk was for: somebody's turn, or the text made from all once it had ended. */
const Note = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('turn'), speaker: z.string() }),
  z.object({ phase: z.literal('synthesis'), ending: TalkEnding, reason: z.string() }),
]);
type TalkNote = z.infer<typeof Note>;

/** Where a talk stands. */
export type Talk = {
  readonly spec: TalkSpec;
  readonly turns: readonly Turn[];
  /** Those in which something was said, with the agents that said it. */
  readonly said: readonly (SaidTurn & { readonly agent: string; readonly message: string })[];
  /** Where the text made from all is: undefined before it is asked for. */
  readonly closing:
    | { readonly note: Extract<TalkNote, { phase: 'synthesis' }>; readonly result: TaskResult | undefined }
    | undefined;
  /** The place of the next child. */
  readonly place: number;
};

/** Reads where a talk stands from its rounds and their results. */
export async function loadTalk({ work, rounds }: Standing): Promise<Talk> {
  const { task, run_id } = work.data;
  const spec = TalkSpec.parse(task.talk);
  const notes = rounds.map(({ note, children }) => ({ note: Note.parse(note), id: children[0]?.task.task_id ?? '' }));
  const results = await loadResultsOf(
    work.tools.flow.store,
    run_id,
    notes.map(({ id }) => id),
  );
  const spoken = notes.flatMap(({ note, id }) =>
    note.phase === 'turn'
      ? [{ task: id, result: results.get(id), turn: turnOf(note.speaker, results.get(id), spec) }]
      : [],
  );
  const last = notes.at(-1);
  return {
    spec,
    turns: spoken.map(({ turn }) => turn),
    said: spoken.flatMap(({ task: id, result, turn }) =>
      turn.kind === 'said'
        ? [{ task: id, speaker: turn.speaker, agent: result?.agent_id ?? '', message: turn.message }]
        : [],
    ),
    closing: last?.note.phase === 'synthesis' ? { note: last.note, result: results.get(last.id) } : undefined,
    place: notes.length,
  };
}

function turnOf(speaker: string, result: TaskResult | undefined, { until }: TalkSpec): Turn {
  if (result?.status === 'completed') return { kind: 'said', speaker, ...utteranceIn(result.response, until) };
  const { code = 'internal', message = 'it has no result' } = result?.error ?? {};
  return { kind: 'failed', speaker, code, why: message };
}

/** Characters of somebody who waits; beyond them the speaker is interrupted. */
const WAITING_CHARS = 400;
/** ms after which whoever has said nothing is no longer listened to first. */
const SILENT_MS = 700;

/**
 * What several speakers say at once, as text that can be read: one of them is shown as it comes, the others wait until that
 * one ends a line, falls silent or is done.
 */
export type Transcript = {
  readonly speaker: string | null;
  readonly atLineStart: boolean;
  /** When the speaker last said something: ms of the events' clock. */
  readonly spokeAt: number;
  readonly waiting: ReadonlyMap<string, string>;
};

/** A transcript, and what it has added to the screen. */
export type Shown = { readonly transcript: Transcript; readonly text: string };

export type Utterance = {
  readonly who: string;
  readonly text: string;
  readonly at: number;
  /** Begins each of the speaker's lines. */
  readonly prefix: string;
};

export const emptyTranscript: Transcript = { speaker: null, atLineStart: true, spokeAt: 0, waiting: new Map() };

/** Takes what somebody says: shown now, or kept. */
export function hear(transcript: Transcript, utterance: Utterance): Shown {
  const { who, text, at } = utterance;
  const all = (transcript.waiting.get(who) ?? '') + text;
  const isTheirTurn =
    transcript.speaker === null ||
    transcript.speaker === who ||
    transcript.atLineStart ||
    at - transcript.spokeAt > SILENT_MS ||
    all.length > WAITING_CHARS;
  if (isTheirTurn) return speak(transcript, { ...utterance, text: all });
  return { transcript: { ...transcript, waiting: new Map(transcript.waiting).set(who, all) }, text: '' };
}

/** Shows what is left of somebody who is done, and ends their line. */
export function finish(transcript: Transcript, who: string, prefix: string): Shown {
  const rest = transcript.waiting.get(who) ?? '';
  const at = transcript.spokeAt;
  const spoken = rest === '' ? { transcript, text: '' } : speak(transcript, { who, text: rest, at, prefix });
  const ended = endLine(spoken.transcript);
  const speaker = ended.transcript.speaker === who ? null : ended.transcript.speaker;
  return { transcript: { ...ended.transcript, speaker }, text: spoken.text + ended.text };
}

/** Drops what waits of somebody who starts over. */
export function forget(transcript: Transcript, who: string): Transcript {
  return { ...transcript, waiting: without(transcript.waiting, who) };
}

/** Makes room for a line of its own; the speaker goes on afterwards. */
export function endLine(transcript: Transcript): Shown {
  return { transcript: { ...transcript, atLineStart: true }, text: transcript.atLineStart ? '' : '\n' };
}

function speak(transcript: Transcript, { who, text, at, prefix }: Utterance): Shown {
  const isNew = transcript.speaker !== who && !transcript.atLineStart;
  const lines = text.split('\n').map((line, index) => {
    const begins = index > 0 || isNew || transcript.atLineStart;
    return begins && line !== '' ? prefix + line : line;
  });
  const atLineStart = text === '' ? transcript.atLineStart || isNew : text.endsWith('\n');
  return {
    transcript: { speaker: who, atLineStart, spokeAt: at, waiting: without(transcript.waiting, who) },
    text: (isNew ? '\n' : '') + lines.join('\n'),
  };
}

function without(waiting: ReadonlyMap<string, string>, who: string): ReadonlyMap<string, string> {
  return new Map([...waiting].filter(([other]) => other !== who));
}

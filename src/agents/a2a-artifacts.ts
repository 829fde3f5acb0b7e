import type { Artifact } from '@a2a-js/sdk';
import { BatonError } from '../contracts/error.ts';
import { textOf } from './a2a-text.ts';
import type { AgentSpeech } from './call.ts';

export type ArtifactsOptions = Readonly<{
  /** As what an artifact's text is given: each piece as it comes, or each artifact as a whole. */
  as: AgentSpeech['type'];
  /** Characters of one artifact. */
  maxChars: number;
  peer: string;
}>;

/** The artifacts of one task, put together from pieces and snapshots; each character is given out once. */
export type Artifacts = Readonly<{
  /** A piece, which goes behind what is there or, without `append`, begins the artifact anew; `last`: nothing follows. */
  add(artifact: Artifact, piece: Readonly<{ append: boolean; last: boolean }>): readonly AgentSpeech[];
  /** All of them as they stand at the agent. */
  compare(artifacts: readonly Artifact[]): readonly AgentSpeech[];
  /** What has not been given out yet. */
  rest(): readonly AgentSpeech[];
  /** Whether anything was given out. */
  hasSpoken(): boolean;
}>;

/** `text` is all that has come, `at` where the next piece belongs, before its end after a snapshot that is behind, `given` what was said of it. */
type Held = { text: string; at: number; given: number };

/** Opens an empty set. Throws output_too_large, and agent_protocol when the agent takes back what it had said. */
export function openArtifacts({ as, maxChars, peer }: ArtifactsOptions): Artifacts {
  const held = new Map<string, Held>();
  let speaker: Held | undefined;

  const hold = (id: string): Held => {
    const known = held.get(id) ?? { text: '', at: 0, given: 0 };
    held.set(id, known);
    return known;
  };
  const restart = (into: Held): void => {
    into.at = 0;
    if (into.given === 0) into.text = ''; // nobody has heard of it, so nothing is taken back
  };
  const put = (into: Held, piece: string): void => {
    const known = into.text.slice(into.at, into.at + piece.length);
    if (!piece.startsWith(known)) throw replaced(peer);
    into.at += piece.length;
    if (into.at > maxChars)
      throw new BatonError('output_too_large', `${peer} sent an artifact of more than ${maxChars} characters.`);
    into.text += piece.slice(known.length);
  };
  const give = (from: Held): readonly AgentSpeech[] => {
    const fresh = from.text.slice(from.given);
    if (fresh === '') return [];
    const apart = as === 'token' && speaker !== undefined && speaker !== from;
    speaker = from;
    from.given = from.text.length;
    return [{ type: as, text: apart ? `\n\n${fresh}` : fresh }];
  };
  const rest = (): readonly AgentSpeech[] => [...held.values()].flatMap(give);

  return {
    add: (artifact, { append, last }) => {
      const into = hold(artifact.artifactId);
      if (!append) restart(into);
      put(into, textOf(artifact));
      return as === 'token' || last ? give(into) : [];
    },
    compare: (artifacts) => {
      for (const artifact of artifacts) {
        const into = hold(artifact.artifactId);
        restart(into);
        put(into, textOf(artifact));
      }
      return as === 'token' ? rest() : [];
    },
    rest,
    hasSpoken: () => speaker !== undefined,
  };
}

function replaced(peer: string): BatonError {
  const advice = 'register it as static, which waits for the last version';
  return new BatonError('agent_protocol', `${peer} replaced text that it had streamed; ${advice}.`);
}

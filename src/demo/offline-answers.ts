import { codeFor } from './offline-code.ts';
import { labelled, withoutLabel } from './offline-label.ts';
import { sectionFor } from './offline-report.ts';
import { phrasebook } from './phrasebook.ts';
import type { ReadRequest } from './request-prompt.ts';
import { hasPhrase, wordsOf } from './words.ts';

const stored = 'a stored text, no language model was asked';

/** A short text that fits an agent's request: code, a translation, a poem, or an honest placeholder. Always labelled. */
export function answerRequest(asked: ReadRequest): string {
  const section = sectionFor(asked.request);
  if (section !== null) return labelled(section, stored);
  if (asked.codeLanguage !== null) return labelled(codeFor(asked.request, asked.codeLanguage), stored);
  if (asked.targetLanguage !== null) return translationOf(asked, asked.targetLanguage);
  return labelled(textFor(asked), stored);
}

function translationOf(asked: ReadRequest, language: string): string {
  const source = pointsBack(asked) ? withoutLabel(asked.earlier) : asked.request;
  const known = phrasebook.get(wordsOf(source).join(' '))?.[language.toLowerCase()];
  if (known !== undefined) return labelled(known, stored);
  return labelled(`No translation of this into ${language} is stored; the text itself:\n\n${source}`, stored);
}

/** "it", "the poem", "the text of the earlier result": what is meant was made by an earlier step. */
function pointsBack({ request, earlier }: ReadRequest): boolean {
  return earlier !== '' && wordsOf(request).length <= 10 && /^(?:it|this|that|them|these|the)\b/i.test(request);
}

type Kind = { readonly words: readonly string[]; readonly write: (topic: string) => string };

const kinds: readonly Kind[] = [
  { words: ['haiku'], write: (topic) => `Quiet morning light\nfinds its way to ${topic}\nand rests there a while` },
  { words: ['limerick'], write: limerick },
  { words: ['poem', 'poems', 'sonnet', 'verse', 'song', 'lyrics'], write: poem },
  { words: ['story', 'tale'], write: story },
  { words: ['email', 'e-mail', 'letter'], write: letter },
  { words: ['slogan', 'tagline', 'headline'], write: (topic) => `${capital(topic)}: less noise, more wonder.` },
  { words: ['joke'], write: (topic) => `Why did ${topic} cross the road? To be looked up on the other side.` },
];

function textFor(asked: ReadRequest): string {
  const kind = kinds.find(({ words }) => words.some((word) => hasPhrase(asked.request, word)));
  if (kind !== undefined) return kind.write(topicOf(asked));
  const base = `There is no stored text for this request: "${asked.request.slice(0, 500)}".`;
  return asked.earlier === '' ? base : `${base}\n\nIt builds on:\n\n${withoutLabel(asked.earlier).slice(0, 2_000)}`;
}

/** What a text is about: what follows "about", or the name in an earlier result that "it" points to. */
function topicOf({ request, earlier }: ReadRequest): string {
  const [, named = ''] = /\b(?:about|on|for|of|to)\s+(.+?)(?:[.?!]\s|[.?!]*$)/is.exec(request) ?? [];
  const topic = named.trim().slice(0, 100);
  const points = /^(?:it|its|this|that|them|their|both|the (?:result|answer|facts?))\b/i.test(topic);
  if (topic !== '' && !(points && earlier !== '')) return topic;
  const names = withoutLabel(earlier).match(/\p{Lu}[\p{L}-]+(?: \p{Lu}[\p{L}-]+)*/gu) ?? [];
  return (
    names.find((name) => !/^(?:The|A|An|It|In|Found|There|This)$/.test(name)) ??
    (topic === '' ? 'the day' : 'what was found')
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function poem(topic: string): string {
  return `They asked the night for ${topic},
and morning answered slow:
a thread of light, a patient thought,
a thing that learns to grow.

It keeps no crown, it wants no throne,
it listens, line by line,
and somewhere deep in ${topic}
a spark of yours meets mine.`;
}

function limerick(topic: string): string {
  return `There once was a line about ${topic},
that stood on a page that was basic.
It stumbled on rhyme
for a very long time,
and called the result quite prosaic.`;
}

function story(topic: string): string {
  return `Nobody in the village had believed in ${topic} until the winter the river stopped. Then an old clockmaker
opened her door, set a lamp on the step, and said: "Come in. It is smaller than you think, and it is kind."
By spring they spoke of ${topic} as one speaks of a neighbour.`;
}

function letter(topic: string): string {
  return `Dear reader,

I am writing to you about ${topic}. Please let me know by the end of the week what you think of it.

Kind regards`;
}

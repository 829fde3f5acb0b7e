import { chained, nounVerbs, objectStarts, telling, verbs } from './lexicon.ts';
import { protect, wordsOf } from './words.ts';

/** One order out of a query. `text` begins with its verb or question word; `before` and `after` are what was said about it besides. */
export type Clause = {
  readonly text: string;
  readonly before: string;
  readonly after: string;
  /** The query says that it comes after the one before it: "then", "finally". */
  readonly follows: boolean;
};

/** Beyond this a query is no list of orders but a text: the rest belongs to the last clause. */
const MAX_CHARS = 8_000;
const MAX_CLAUSES = 20;

const quoted = /```[\s\S]*?```|`[^`\n]+`|"[^"\n]+"|“[^”\n]+”|(?<!\w)'[^'\n]+'(?!\w)/g;
const opener =
  /^(?:(?:please|kindly|now|first|firstly|second|secondly|third|lastly|also|and|so|ok|okay|hi|hello|hey|then|finally|afterwards|after that|next|(?:can|could|would|will) you|i(?:'d| would) like you to|i (?:want|need) you to|help me|let's)\b[\s,!.:]*)+/i;
const sequel = /\b(?:then|finally|lastly|afterwards|after that|next)\b/i;
const question =
  /^(?:who|whose|what|where|when|why|which|how)\s+(?:is|are|was|were|did|does|do|can|could|would|will|many|much|tall|far|old|long|big|high|to)\b/i;
const connector =
  /[,;]\s*(?:(?:and|plus|but)\s+)?|\s+(?:and|plus)\s+|\s+(?=(?:then|also|finally|afterwards|after that)\s)/gi;
const abbreviation = /(?:^|[\s(])(?:e\.g|i\.e|vs|etc|dr|mr|mrs|ms|prof|st|no|approx|u\.s)\.$/i;
const listMark = /^\s*(?:\d{1,2}[.)]|[-*•])\s+/;

/**
 * The orders of a query, in its order: split at sentences, list items, and connectors before an imperative or a
 * question. What is quoted, or follows "summarize this: ...", is not taken apart. Never empty, at most 20.
 */
export function clausesOf(query: string): readonly Clause[] {
  const rest = query.slice(MAX_CHARS);
  const safe = protect(query.slice(0, MAX_CHARS), quoted);
  const sentences = itemsOf(safe.text).flatMap(sentencesOf).map(piecesOf);
  const clauses = gather(sentences).map((clause) => ({
    ...clause,
    text: safe.restore(clause.text),
    before: safe.restore(clause.before),
    after: safe.restore(clause.after),
  }));
  return clauses.map((clause, index) =>
    index === clauses.length - 1 ? { ...clause, after: clause.after + rest } : clause,
  );
}

/** Lines that begin an order, list marks removed; other lines stay with the line before. */
function itemsOf(text: string): readonly string[] {
  const items: string[] = [];
  for (const line of withLines(text).split('\n')) {
    const item = line.replace(listMark, '').trim();
    if (item === '') continue;
    if (items.length === 0 || beginsOrder(item)) items.push(item);
    else items.push(`${items.pop()} ${item}`);
  }
  return items;
}

/** "1) write ... 2) translate ..." as lines. */
function withLines(text: string): string {
  const numbered = /(?:^|\s)1[.)]\s/.test(text) && /\s2[.)]\s/.test(text);
  return numbered ? text.replace(/(?:^|\s)(\d{1,2}[.)])\s+(?=[\p{L}\uE000])/gu, '\n$1 ') : text;
}

function sentencesOf(item: string): readonly string[] {
  const sentences: string[] = [];
  for (const part of item.split(/(?<=[.!?])\s+(?=[\p{Lu}\d\uE000(])/u)) {
    const last = sentences.at(-1);
    const belongs = last !== undefined && (abbreviation.test(last) || (materialOf(last) !== null && !isSequel(part)));
    if (belongs) sentences[sentences.length - 1] = `${last} ${part}`;
    else sentences.push(part);
  }
  return sentences;
}

/** "Summarize this: Cats sleep. Dogs bark." -> the order, and the text it works on. */
function materialOf(sentence: string): { order: string; material: string } | null {
  const parts = /^([^:]{1,300}):\s+(\p{L}[\s\S]*)$/u.exec(sentence);
  const [, order = '', material = ''] = parts ?? [];
  return beginsOrder(order) && !beginsOrder(material) ? { order, material } : null;
}

/** A sentence's orders and remarks; material belongs to its first order. */
function piecesOf(sentence: string): readonly string[] {
  const found = materialOf(sentence);
  if (found === null) return splitOrders(sentence);
  const [first, ...others] = splitOrders(found.order);
  return [`${first}: ${found.material}`, ...others];
}

function splitOrders(sentence: string): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  for (const match of sentence.matchAll(connector)) {
    const left = sentence.slice(start, match.index);
    const end = match.index + match[0].length;
    if (!isBorder(left, match[0].trim().toLowerCase(), sentence.slice(end, end + 120))) continue;
    pieces.push(left);
    start = end;
  }
  return [...pieces, sentence.slice(start)];
}

function isBorder(left: string, joint: string, right: string): boolean {
  if (!beginsOrder(right)) return false;
  const words = wordsOf(withoutOpener(left));
  if (words.length < 2) return false;
  if (joint !== 'and' || isSequel(right)) return true;
  if (isVerb(words.at(-1) ?? '') && !nounVerbs.has(words.at(-1) ?? '')) return false;
  const inner = words.some((word, index) => word === 'to' && index > 0 && isVerb(words[index + 1] ?? ''));
  return !inner || telling.has(wordsOf(withoutOpener(right))[0] ?? '');
}

function isVerb(word: string): boolean {
  return verbs.has(word) || nounVerbs.has(word) || chained.has(word);
}

/** Whether a text orders something: an imperative, or a question. */
function beginsOrder(text: string): boolean {
  return isOrder(text) || isOrder(text.replace(opener, ''));
}

function isOrder(text: string): boolean {
  const [first = '', second = ''] = wordsOf(text.slice(0, 100));
  if (verbs.has(first) || question.test(text)) return true;
  return nounVerbs.has(first) && (objectStarts.has(second) || second.startsWith('\uE000'));
}

/** "Then please write ..." -> "write ...". Only where an order is left over: "First World War" keeps its first word. */
function withoutOpener(text: string): string {
  const bare = text.replace(opener, '');
  return isOrder(bare) ? bare : text;
}

function isSequel(text: string): boolean {
  const bare = withoutOpener(text);
  return sequel.test(text.slice(0, text.length - bare.length));
}

/** Orders become clauses; a remark joins the order it precedes in its sentence, else the last one, else the next. */
function gather(sentences: readonly (readonly string[])[]): readonly Clause[] {
  const clauses: Clause[] = [];
  let pending: string[] = [];
  for (const pieces of sentences) {
    for (const [index, piece] of pieces.entries()) {
      const last = clauses.at(-1);
      const leadsOn = pieces.slice(index + 1).some(beginsOrder);
      if (beginsOrder(piece) && clauses.length < MAX_CLAUSES) {
        const before = pending.filter((remark) => !remark.endsWith(':')).join(' ');
        clauses.push({ text: withoutOpener(piece).trim(), before, after: '', follows: isSequel(piece) });
        pending = [];
      } else if (last === undefined || leadsOn) pending.push(piece);
      else clauses[clauses.length - 1] = { ...last, after: `${last.after} ${piece}`.trim() };
    }
  }
  return clauses.length > 0 ? clauses : [{ text: pending.join(' '), before: '', after: '', follows: false }];
}

import { expect, test } from 'vitest';
import { emptyTranscript, endLine, finish, forget, hear, type Transcript } from './transcript.ts';

/** Plays `who: text` lines, `who.` being the end of one, and gives the screen. */
function play(steps: readonly (readonly [who: string, text: string, at?: number] | string)[]): string {
  let transcript: Transcript = emptyTranscript;
  let screen = '';
  for (const step of steps) {
    const prefix = `${typeof step === 'string' ? step : step[0]}| `;
    const shown =
      typeof step === 'string'
        ? finish(transcript, step, prefix)
        : hear(transcript, { who: step[0], text: step[1], at: step[2] ?? 0, prefix });
    transcript = shown.transcript;
    screen += shown.text;
  }
  return screen;
}

test('one speaker is shown as it speaks, each line with its prefix', () => {
  expect(play([['a', 'one '], ['a', 'two\n'], ['a', 'three'], 'a'])).toBe('a| one two\na| three\n');
});

test('blank lines have no prefix', () => {
  expect(play([['a', 'one\n\ntwo'], 'a'])).toBe('a| one\n\na| two\n');
});

test('the words of two speakers are not mixed: the second waits for the end of the line', () => {
  const steps = [['a', 'Ro'], ['b', 'Par'], ['a', 'se\n'], ['b', 'is'], ['a', 'red'], 'b', 'a'] as const;
  expect(play(steps)).toBe('a| Rose\nb| Paris\na| red\n');
});

test('a speaker who is done gives way at once, and what waited comes whole', () => {
  expect(play([['a', 'Rose'], ['b', 'Par'], ['b', 'is'], 'a', ['b', '.'], 'b'])).toBe('a| Rose\nb| Paris.\n');
});

test('one who ends while another speaks is shown before its end, and the other goes on on a new line', () => {
  expect(play([['a', 'Ro'], ['b', 'Paris'], 'b', ['a', 'se'], 'a'])).toBe('a| Ro\nb| Paris\na| se\n');
});

test('a speaker who falls silent is interrupted', () => {
  expect(
    play([
      ['a', 'Ro', 1_000],
      ['b', 'Par', 1_500],
      ['b', 'is', 1_800],
    ]),
  ).toBe('a| Ro\nb| Paris');
});

test('nobody waits with more than 400 characters', () => {
  const long = 'x'.repeat(200);
  expect(
    play([
      ['a', 'Ro'],
      ['b', long],
      ['b', long],
    ]),
  ).toBe('a| Ro');
  expect(
    play([
      ['a', 'Ro'],
      ['b', long],
      ['b', long],
      ['b', '!'],
    ]),
  ).toBe(`a| Ro\nb| ${long}${long}!`);
});

test('what waits of one who starts over is dropped', () => {
  const speaking = hear(emptyTranscript, { who: 'a', text: 'Ro', at: 0, prefix: '' }).transcript;
  const waiting = hear(speaking, { who: 'b', text: 'wrong', at: 0, prefix: '' }).transcript;
  expect(finish(forget(waiting, 'b'), 'b', '').text).toBe('\n');
});

test('a line is ended once', () => {
  const { transcript, text } = endLine(hear(emptyTranscript, { who: 'a', text: 'Ro', at: 0, prefix: '' }).transcript);
  expect([text, endLine(transcript).text]).toEqual(['\n', '']);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AgentEvent, plainDone } from './call.ts';
import { openCollector } from './collect.ts';

const token = (text: string): AgentEvent => ({ type: 'token', text });
const message = (text: string): AgentEvent => ({ type: 'message', text });

function collect(events: readonly AgentEvent[], { maxChars = 1_000, maxTokens = null as number | null } = {}) {
  const collector = openCollector({ maxChars, maxTokens });
  const shown = events.map((event) => collector.add(event));
  return { shown, text: collector.text(), full: collector.isFull() };
}

describe('the collected text', () => {
  test('is the tokens, put together as they came', () => {
    expect(collect([token('a'), token(' b'), token('\n'), token('c')]).text).toBe('a b\nc');
  });

  test('is the messages, a blank line between two', () => {
    expect(collect([message('One.'), message('Two.'), message('Three.')]).text).toBe('One.\n\nTwo.\n\nThree.');
  });

  test('keeps a message apart from tokens before and after it', () => {
    expect(collect([token('a'), message('M'), token('b'), token('c')]).text).toBe('a\n\nM\n\nbc');
  });

  test('holds nothing of status and done, which pass as they are', () => {
    const events: AgentEvent[] = [{ type: 'status', text: 'looking' }, token('x'), plainDone];
    expect(collect(events)).toEqual({ shown: events, text: 'x', full: false });
  });
});

describe('the bound of characters', () => {
  test('lets the last character in, and fails at one more, blank lines counted', () => {
    expect(collect([message('ab'), message('cd')], { maxChars: 6 }).text).toHaveLength(6);
    expect(() => collect([message('ab'), message('cd')], { maxChars: 5 })).toThrow(
      expect.objectContaining({ code: 'output_too_large' }),
    );
  });
});

describe('max_tokens', () => {
  test('counts each token event as one, and is no cut when exactly reached', () => {
    const events = [token('one '), token('two '), plainDone];
    expect(collect(events, { maxTokens: 2 })).toEqual({ shown: events, text: 'one two ', full: false });
  });

  test('drops the first token too many and all after it, and says so', () => {
    const { shown, text, full } = collect([token('one '), token('two '), token('three'), message('four')], {
      maxTokens: 2,
    });
    expect(shown).toEqual([token('one '), token('two '), null, null]);
    expect(text).toBe('one two ');
    expect(full).toBe(true);
  });

  test('cuts a message at four characters to a token, and shows what was kept', () => {
    const { shown, text, full } = collect([message('1234'), message('567890')], { maxTokens: 2 });
    expect(shown).toEqual([message('1234'), message('5678')]);
    expect(text).toBe('1234\n\n5678');
    expect(full).toBe(true);
  });

  test('does not cut a character in two', () => {
    expect(collect([message('abc🥙🥙')], { maxTokens: 1 }).text).toBe('abc');
  });

  test('the text is always what was shown, put together, within the bound', () => {
    const events = fc.array(
      fc.record({ type: fc.constantFrom('token' as const, 'message' as const), text: fc.string({ minLength: 1 }) }),
    );
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 20 }), (said, maxTokens) => {
        const { shown, text } = collect(said, { maxChars: 100_000, maxTokens });
        const kept = shown.filter((event) => event !== null);
        expect(collect(kept, { maxChars: 100_000 }).text).toBe(text);
        expect(kept.filter(({ type }) => type === 'token').length).toBeLessThanOrEqual(maxTokens);
      }),
    );
  });
});

import { z } from 'zod';

/** A parameter's name, as it stands in a prompt: `{{research_focus}}`. */
export const ParameterName = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]{0,63}$/,
    'expected 1 to 64 lower-case letters, digits or "_", beginning with a letter, as the name of a parameter',
  );

const about = { description: z.string().max(500).default('') };
/** Characters of one entry of a list, and entries of one list. */
const ENTRY_CHARS = 200;
const LIST_ENTRIES = 20;

/** A parameter's type, its bounds, and the value that it has when none is given. There is no parameter without one. */
export const ParameterSpec = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    max_chars: z.int().min(1).max(1_000).default(200),
    default: z.string().max(1_000),
    ...about,
  }),
  z.strictObject({
    type: z.literal('choice'),
    choices: z.array(z.string().min(1).max(64)).min(1).max(20),
    default: z.string().max(64),
    ...about,
  }),
  z.strictObject({ type: z.literal('number'), min: z.number(), max: z.number(), default: z.number(), ...about }),
  z.strictObject({ type: z.literal('boolean'), default: z.boolean(), ...about }),
  z.strictObject({
    type: z.literal('list'),
    max_entries: z.int().min(1).max(LIST_ENTRIES).default(LIST_ENTRIES),
    default: z.array(z.string().min(1).max(ENTRY_CHARS)).max(LIST_ENTRIES),
    ...about,
  }),
]);
export type ParameterSpec = z.infer<typeof ParameterSpec>;

export const ParameterValue = z.union([
  z.string().max(1_000),
  z.number(),
  z.boolean(),
  z.array(z.string().min(1).max(ENTRY_CHARS)).max(LIST_ENTRIES),
]);
export type ParameterValue = z.infer<typeof ParameterValue>;

/** What keeps a value from being one of this parameter, as what was expected; undefined for a good one. */
export function parameterMisfit(spec: ParameterSpec, value: ParameterValue): string | undefined {
  switch (spec.type) {
    case 'text':
      if (typeof value === 'string' && value.length <= spec.max_chars) return undefined;
      return `expected a text of at most ${spec.max_chars} characters`;
    case 'choice':
      if (typeof value === 'string' && spec.choices.includes(value)) return undefined;
      return `expected one of: ${spec.choices.join(', ')}`;
    case 'number':
      if (typeof value === 'number' && value >= spec.min && value <= spec.max) return undefined;
      return `expected a number from ${spec.min} to ${spec.max}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'expected true or false';
    case 'list':
      if (Array.isArray(value) && value.length <= spec.max_entries) return undefined;
      return `expected a list of at most ${spec.max_entries} texts`;
    default:
      return spec satisfies never;
  }
}

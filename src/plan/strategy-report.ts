import { SECTION_SEPARATOR, type Strategy } from '../contracts/strategy.ts';
import { type Compiled, compiledPlan, type StrategyFrame } from './strategy-plan.ts';

/** A part of a report: its heading, and what belongs in it. */
export type Section = { readonly name: string; readonly description: string };

const MAX_SECTIONS = 20;
/** Characters of the report's topic, of a section's name and of its description in one writer's order. */
const TOPIC_CHARS = 4_000;
const NAME_CHARS = 200;
const ABOUT_CHARS = 2_000;

/**
 * One writer per section, all at the same time, and the sections in order as the answer (mission C1). How many there are is known
 * only now. Faults: none, or more than 20.
 */
export function reportPlan(frame: StrategyFrame, sections: readonly Section[], strategy: Strategy): Compiled {
  const message = `expected 1 to ${MAX_SECTIONS} sections, not ${sections.length}`;
  if (sections.length === 0 || sections.length > MAX_SECTIONS)
    return { ok: false, faults: [{ path: 'sections', message }] };
  const unnamed = sections.flatMap(({ name }, at) =>
    name.trim() === '' ? [{ path: `sections[${at}].name`, message: 'expected a heading' }] : [],
  );
  if (unnamed.length > 0) return { ok: false, faults: unnamed };
  const { synthesis = 'join', separator = SECTION_SEPARATOR } = strategy;
  return compiledPlan(frame, {
    reasoning: `A report of ${sections.length} section(s): ${sections.map(nameOf).join('; ')}`,
    sub_tasks: sections.map((_, at) => sectionTask(frame.query, sections, at)),
    ...(synthesis === 'join' && { answer: { join: separator } }),
  });
}

function sectionTask(query: string, sections: readonly Section[], at: number): object {
  const order = orderOf(query, sections, at);
  return {
    task_id: `s${at + 1}`,
    description: order,
    required_capability: 'text_generation',
    input_data: { query: order },
  };
}

function orderOf(query: string, sections: readonly Section[], at: number): string {
  const section = sections[at] ?? { name: '', description: '' };
  const others = sections.filter((_, place) => place !== at).map(nameOf);
  return [
    `Write the section "${nameOf(section)}" of a report, and no other section of it.`,
    `The report: ${oneLine(query, TOPIC_CHARS)}`,
    `What belongs in this section: ${oneLine(section.description, ABOUT_CHARS)}`,
    ...(others.length === 0 ? [] : [`Others write: ${others.join('; ')}.`]),
    `Use Markdown. Begin with the heading "## ${nameOf(section)}". No preamble, no closing remarks.`,
  ].join('\n');
}

function nameOf({ name }: Section): string {
  return oneLine(name.replaceAll('"', "'"), NAME_CHARS);
}

function oneLine(text: string, max: number): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, max);
}

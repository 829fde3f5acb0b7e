import { type AgentDescriptor, Capability } from '../../contracts/agent.ts';
import { isFieldName } from './input.ts';
import type { KnownAgent } from './known-agent.ts';
import { unmarked } from './text.ts';
import { workLines } from './work-line.ts';

// What agents say of themselves goes into a prompt: bounded, so that a thousand agents cannot crowd the query out.
const MAX_AGENTS = 50;
const MAX_CHARS = 40_000;
const MAX_DESCRIPTION = 400;
const MAX_EXAMPLE = 400;
/** Of one agent's line: a hundred fields of one agent must not push out the others. */
const MAX_LINE = 4_000;
const MAX_FIELDS = 20;

/**
 * The agents as lines of JSON, at most 50 and 40,000 characters: the best of each capability first, then by priority.
 * Neither ids nor addresses are told: the planner chooses capabilities, the registry chooses agents.
 */
export function catalogueOf(agents: readonly KnownAgent[]): string {
  return linesOf(rankedAgents(agents).map(entryOf));
}

/** As many entries as have room, each a line of JSON that holds none of the marks of a prompt. */
export function linesOf(entries: readonly CatalogueEntry[]): string {
  const lines: string[] = [];
  let room = MAX_CHARS;
  for (const { work, ...entry } of entries) {
    const most = Math.min(room, MAX_LINE);
    const whole = unmarked(JSON.stringify({ ...entry, work }));
    // Having worked must not cost an agent its line.
    const line = whole.length < most ? whole : unmarked(JSON.stringify(entry));
    if (line.length >= most) continue;
    room -= line.length + 1;
    lines.push(line);
  }
  return lines.join('\n');
}

/** The 50 agents that a prompt tells of. */
export function rankedAgents<A extends AgentDescriptor>(agents: readonly A[]): readonly A[] {
  return bestFirst(agents.toSorted((left, right) => right.priority - left.priority)).slice(0, MAX_AGENTS);
}

/** One agent per capability, then all others: a capability with a single modest agent must not fall off the end. */
function bestFirst<A extends AgentDescriptor>(ranked: readonly A[]): readonly A[] {
  const best = Capability.options.flatMap(
    (capability) => ranked.find((agent) => agent.capabilities.includes(capability)) ?? [],
  );
  return [...new Set([...best, ...ranked])];
}

/** What a prompt tells of an agent; `work` is what became of its tasks (work-line.ts). */
export type CatalogueEntry = { readonly work?: object | undefined };

/** The same, of this one. */
export function entryOf({ name, description, capabilities, payload_schema, history }: KnownAgent) {
  const example = JSON.stringify(payload_schema.example);
  return {
    name,
    description: description.slice(0, MAX_DESCRIPTION),
    capabilities,
    required_fields: payload_schema.required_fields,
    optional_fields: payload_schema.optional_fields,
    ...(example.length <= MAX_EXAMPLE && { example: payload_schema.example }),
    work: workLines(history),
  };
}

/**
 * Per capability that some agent offers, the fields its agents require: "translation: text (string), ...". This stands
 * among the rules, so only what looks like a field name and a type gets in.
 */
export function requiredFieldsOf(agents: readonly AgentDescriptor[]): readonly string[] {
  return Capability.options.flatMap((capability) => {
    const able = agents.filter((agent) => agent.capabilities.includes(capability));
    if (able.length === 0) return [];
    const fields = new Map(able.flatMap((agent) => Object.entries(agent.payload_schema.required_fields)));
    const list = [...fields]
      .filter(([name]) => isFieldName(name))
      .slice(0, MAX_FIELDS)
      .map(([name, type]) => `${name} (${/^[\w[\]<>|]+$/.test(type) ? type : 'text'})`);
    return [`${capability}: ${list.length === 0 ? 'none' : list.join(', ')}`];
  });
}

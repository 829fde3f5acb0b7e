import { type AgentDescriptor, Capability } from '../../contracts/agent.ts';
import { isFieldName } from './input.ts';

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
export function catalogueOf(agents: readonly AgentDescriptor[]): string {
  const ranked = agents.toSorted((left, right) => right.priority - left.priority);
  const lines: string[] = [];
  let room = MAX_CHARS;
  for (const agent of bestFirst(ranked).slice(0, MAX_AGENTS)) {
    const line = JSON.stringify(entryOf(agent));
    if (line.length >= Math.min(room, MAX_LINE)) continue;
    room -= line.length + 1;
    lines.push(line);
  }
  return lines.join('\n');
}

/** One agent per capability, then all others: a capability with a single modest agent must not fall off the end. */
function bestFirst(ranked: readonly AgentDescriptor[]): readonly AgentDescriptor[] {
  const best = Capability.options.flatMap(
    (capability) => ranked.find((agent) => agent.capabilities.includes(capability)) ?? [],
  );
  return [...new Set([...best, ...ranked])];
}

function entryOf({ name, description, capabilities, payload_schema }: AgentDescriptor) {
  const example = JSON.stringify(payload_schema.example);
  return {
    name,
    description: description.slice(0, MAX_DESCRIPTION),
    capabilities,
    required_fields: payload_schema.required_fields,
    optional_fields: payload_schema.optional_fields,
    ...(example.length <= MAX_EXAMPLE && { example: payload_schema.example }),
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

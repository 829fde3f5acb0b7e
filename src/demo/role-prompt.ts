/** A task as the model transport tells it (src/agents/transports/chat-messages.ts; the integration test holds the two together). */
export type RoleTask = {
  readonly role: Role;
  readonly order: string;
  /** Fields of the task's input by name. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Texts of earlier tasks. */
  readonly earlier: readonly string[];
};

/** The shipped templates by the first sentence of their prompts. */
const roles = {
  'research specialist': 'research',
  researcher: 'research',
  'analysis specialist': 'analysis',
  'synthesis specialist': 'synthesis',
  'coordinator of specialists': 'coordination',
  planner: 'planning',
  coder: 'coding',
  'QA engineer': 'qa',
  reviewer: 'review',
  documenter: 'documentation',
} as const;
export type Role = (typeof roles)[keyof typeof roles];

const opening = /^You are (?:a|an|the) ([A-Za-z ]{2,40}?)[.,]/;
const fence = /<(input|material|result) name=("(?:[^"\\]|\\.)*")>\n([\s\S]*?)\n<\/\1>/g;

/** Reads such a prompt; null for one that is of no shipped role. */
export function readRoleTask(system: string, user: string): RoleTask | null {
  const name = opening.exec(system)?.[1] ?? '';
  const role = Object.hasOwn(roles, name) ? roles[name as keyof typeof roles] : undefined; // it is one of its keys
  if (role === undefined) return null;
  const fenced = [...user.matchAll(fence)].map(([, kind, quoted = '""', text = '']) => ({ kind, quoted, text }));
  const inputs = fenced
    .filter(({ kind }) => kind !== 'result')
    .map(({ quoted, text }) => [nameOf(quoted), text] as const);
  return {
    role,
    order: (user.split(/\n\n(?:<(?:input|material|result) name="|Earlier steps that gave no result)/)[0] ?? '').trim(),
    inputs: new Map(inputs),
    earlier: fenced.filter(({ kind }) => kind === 'result').map(({ text }) => text),
  };
}

function nameOf(quoted: string): string {
  return quoted.slice(1, -1);
}

import type { TaskStatus } from '../contracts/run.ts';
import type { GraphEdge, GraphNode, RunGraph } from '../contracts/run-graph.ts';

/** Characters of a description that a node shows. */
const LABEL_CHARS = 60;

/** What each state looks like: fill and border. */
const styles: Readonly<Record<TaskStatus, string>> = {
  pending: 'fill:#f4f4f5,stroke:#a1a1aa,color:#18181b',
  running: 'fill:#dbeafe,stroke:#2563eb,color:#18181b',
  waiting: 'fill:#fef3c7,stroke:#d97706,color:#18181b',
  completed: 'fill:#dcfce7,stroke:#16a34a,color:#18181b',
  failed: 'fill:#fee2e2,stroke:#dc2626,color:#18181b',
  skipped: 'fill:#f4f4f5,stroke:#a1a1aa,color:#71717a,stroke-dasharray:4 3',
};

const arrows: Readonly<Record<GraphEdge['type'], string>> = {
  depends_on: '-->',
  after: '-.->',
  repairs: '-. repaired by .->',
};

/**
 * A run's graph as a Mermaid flowchart. Dependencies are solid, edges that only order and repairs are dotted, a map task's children hang on it
 * by a circle, and what nothing waits for leads to the answer. Kinds have shapes of their own, states a class each.
 */
export function mermaidOf({ nodes, edges }: Pick<RunGraph, 'nodes' | 'edges'>): string {
  const names = new Map(nodes.map((node, index) => [node.task_id, `n${index}`])); // a task's own id may be a word of the language
  const nameOf = (id: string): string => names.get(id) ?? 'root';
  const awaited = new Set(edges.filter(({ type }) => type !== 'repairs').map(({ from }) => from));
  const ends = nodes.filter((node) => node.parent === null && !awaited.has(node.task_id));
  const lines = [
    'flowchart TD',
    ...nodes.map((node) => `  ${nameOf(node.task_id)}${shapeOf(node)}:::${node.status}`),
    '  root(("answer"))',
    ...edges.map(({ from, to, type }) => `  ${nameOf(from)} ${arrows[type]} ${nameOf(to)}`),
    ...nodes.flatMap(({ task_id, parent }) => (parent === null ? [] : [`  ${nameOf(parent)} --o ${nameOf(task_id)}`])),
    ...ends.map(({ task_id }) => `  ${nameOf(task_id)} --> root`),
    ...Object.entries(styles).map(([status, style]) => `  classDef ${status} ${style}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** map: a box with double sides. approval: a hexagon. review: a rhombus. vote: a stadium. A task with a join: a trapezoid. Others: a plain box. */
function shapeOf(node: GraphNode): string {
  const label = `"${labelOf(node)}"`;
  if (node.kind === 'map') return `[[${label}]]`;
  if (node.kind === 'approval') return `{{${label}}}`;
  if (node.kind === 'review') return `{${label}}`;
  if (node.kind === 'vote') return `([${label}])`;
  return node.join ? `[\\${label}/]` : `[${label}]`;
}

function labelOf({ task_id, kind, join, description, recovered_by, superseded_by }: GraphNode): string {
  const fate = recovered_by !== undefined ? ['repaired'] : superseded_by !== undefined ? ['replaced'] : [];
  const words = [task_id, ...(kind === 'agent' ? [] : [kind]), ...(join ? ['join'] : []), ...fate];
  const characters = Array.from(description.replace(/\s+/g, ' ').trim());
  const shown = characters.slice(0, LABEL_CHARS).join('');
  return escapeLabel(`${words.join(' · ')}: ${shown}${characters.length > LABEL_CHARS ? '…' : ''}`);
}

/** Everything that could mean something to Mermaid, Markdown or HTML stands as the number of its character. */
function escapeLabel(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:·…_-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GraphNode } from '../contracts/run-graph.ts';
import { mermaidOf } from './mermaid.ts';

const node = (task_id: string, more: Partial<GraphNode> = {}): GraphNode => ({
  task_id,
  kind: 'agent',
  status: 'pending',
  description: `do ${task_id}`,
  agent_id: null,
  join: false,
  parent: null,
  ...more,
});
const linesOf = (text: string): readonly string[] => text.split('\n').map((line) => line.trim());

test('a plan is drawn with its edges, shapes, states and the answer it leads to', () => {
  const text = mermaidOf({
    nodes: [
      node('list', { status: 'completed' }),
      node('each', { kind: 'map', status: 'running' }),
      node('each.0', { parent: 'each', status: 'failed' }),
      node('ask', { kind: 'approval', status: 'waiting' }),
      node('merge', { join: true }),
      node('check', { kind: 'review', status: 'running' }),
      node('check.0', { parent: 'check', status: 'completed' }),
      node('elect', { kind: 'vote', status: 'skipped' }),
    ],
    edges: [
      { from: 'list', to: 'each', type: 'depends_on' },
      { from: 'each', to: 'ask', type: 'after' },
      { from: 'each', to: 'merge', type: 'depends_on' },
    ],
  });
  expect(linesOf(text).filter((line) => !line.startsWith('classDef'))).toEqual([
    'flowchart TD',
    'n0["list: do list"]:::completed',
    'n1[["each · map: do each"]]:::running',
    'n2["each.0: do each.0"]:::failed',
    'n3{{"ask · approval: do ask"}}:::waiting',
    'n4[\\"merge · join: do merge"/]:::pending',
    'n5{"check · review: do check"}:::running',
    'n6["check.0: do check.0"]:::completed',
    'n7(["elect · vote: do elect"]):::skipped',
    'root(("answer"))',
    'n0 --> n1',
    'n1 -.-> n3',
    'n1 --> n4',
    'n1 --o n2',
    'n5 --o n6',
    'n3 --> root',
    'n4 --> root',
    'n5 --> root',
    'n7 --> root',
    '',
  ]);
});

test('every state has a class', () => {
  const states = ['pending', 'running', 'waiting', 'completed', 'failed', 'skipped'];
  const classes = linesOf(mermaidOf({ nodes: [], edges: [] })).filter((line) => line.startsWith('classDef'));
  expect(classes.map((line) => line.split(' ')[1])).toEqual(states);
});

test('a long description is cut between characters, and takes one line', () => {
  const [, first] = linesOf(
    mermaidOf({ nodes: [node('a', { description: `two\n\nlines ${'é'.repeat(100)}` })], edges: [] }),
  );
  expect(first).toBe(`n0["a: two lines ${'é'.repeat(50)}…"]:::pending`);
});

test('no description can end its label or its line', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '"]; click n0 "javascript:alert(1)"',
      '`**x**`',
      '#quot;',
      '</text><script>',
      '%%{init: {}}%%',
      'end',
    ),
  );
  fc.assert(
    fc.property(nasty, (description) => {
      const lines = linesOf(mermaidOf({ nodes: [node('a', { description })], edges: [] }));
      expect(lines[1]).toMatch(/^n0\["a: (?:[\p{L}\p{N} .,:·…_-]|#\d+;)*"\]:::pending$/u);
      expect(lines[2]).toBe('root(("answer"))');
    }),
  );
});

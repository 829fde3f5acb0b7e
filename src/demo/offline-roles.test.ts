import { expect, test } from 'vitest';
import { chatMessages } from '../agents/transports/chat-messages.ts';
import { renderPrompt, specialise } from '../plan/template-prompt.ts';
import { shippedTemplates } from '../registry/templates/shipped.ts';
import { answerInRole } from './offline-roles.ts';
import { readRoleTask } from './role-prompt.ts';

type Asked = { readonly input?: object; readonly context?: Readonly<Record<string, string>> };

/** What the offline model says when the model transport asks it as an agent of this template. */
function ask(id: string, description: string, { input = {}, context = {} }: Asked = {}): string {
  const template = shippedTemplates.find((shipped) => shipped.id === id);
  if (template === undefined) throw new Error(`no template ${id}`);
  const payload = { ...input, task_id: 't', description, context, failed_context: {} };
  const [system, user] = chatMessages(payload, renderPrompt(template, specialise(template, { given: {} })));
  const task = readRoleTask(system?.content ?? '', user?.content ?? '');
  if (task === null) throw new Error(`the offline model does not know the role of ${id}`);
  return answerInRole(task);
}

test.each(shippedTemplates.map(({ id }) => id))('the role of %s is known, and its answer labelled', (id) => {
  const answer = ask(id, 'Write about binary search');
  expect(answer).toMatch(/\S[\s\S]*\n\n\(offline model: [^\n]+\)$/);
});

test.each([
  ['research_specialist', 'What is the capital of Portugal?', {}, /Findings:\n- .*Lisbon/],
  [
    'researcher',
    'Its population',
    { context: { a: 'Lisbon is the capital of Portugal.' } },
    /10\.6 million|inhabitants/,
  ],
  ['analysis_specialist', 'Analyse 2, 4 and 9', {}, /Of 3 number\(s\): mean 5, median 4, from 2 to 9\./],
  ['coder', 'Write a binary search', { input: { language: 'javascript' } }, /function binarySearch/],
  [
    'planner',
    'Find the capital of France and then write a poem about it',
    {},
    /^1\. .* \[after nothing\]\n2\. .* \[after 1\]/,
  ],
  ['synthesis_specialist', 'Write a haiku about rain', {}, /rain/],
  ['synthesis_specialist', 'Sum it up', { context: { a: 'Rain fell all day.', b: 'The river rose.' } }, /river rose/],
  ['coordinator', 'What next?', { context: { a: 'x', b: 'y' } }, /^2 result\(s\) are there\./],
  ['qa', 'Test the sort', {}, /^Tests for: Test the sort[\s\S]*Verdict: not decided/],
  ['reviewer', 'Review it', { context: { a: 'one\ntwo' } }, /^2 line\(s\) were counted, none was judged\./],
  ['documenter', 'Document it', { context: { a: 'It sorts.' } }, /^# Document it\n\nIt sorts\./],
])('as %s it answers "%s" as such a one would, or says what it cannot', (id, order, asked, expected) => {
  expect(ask(id, order, asked)).toMatch(expected);
});

test('labels of earlier answers are not carried on', () => {
  const context = { a: 'It sorts.\n\n(offline model: a stored text, no language model was asked)' };
  expect(ask('documenter', 'Document it', { context }).match(/\(offline model/g)).toHaveLength(1);
});

test('a prompt that names no shipped role is none of these', () => {
  expect(readRoleTask('You are a pirate. Arr.', 'Sing')).toBeNull();
  expect(readRoleTask('', 'Sing')).toBeNull();
  expect(readRoleTask('You are a constructor. Build.', 'Sing')).toBeNull();
});

import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { Template } from '../contracts/template.ts';
import { templateUseFaults } from './template-faults.ts';

const template = (id: string, fields: object) =>
  Template.parse({ id, name: id, type: 'research', capabilities: ['search'], prompt: 'You work.', ...fields });
const templates = [template('scout', {}), template('coder', { type: 'coding', capabilities: ['code_generation'] })];

function faultsWith(fields: object) {
  const task = { task_id: 'a', description: 'a', required_capability: 'search' };
  const plan = Plan.parse({ sub_tasks: [task, { ...task, task_id: 'b', ...fields }] });
  return templateUseFaults(plan, templates);
}

test.each([
  ['one that is there, with its parameters', { template: { id: 'scout', parameters: { depth_level: 'basic' } } }],
  ['any that takes the parameters', { template: { parameters: { depth_level: 'basic' } } }],
  ['the best one', { template: {} }],
])('a task may ask for %s', (_, fields) => {
  expect(faultsWith(fields)).toEqual([]);
});

test.each([
  [
    'an unknown template',
    { template: { id: 'scuot' } },
    'template.id',
    /^there is no template "scuot"; there are: scout, coder$/,
  ],
  [
    'one for other work',
    { template: { id: 'coder' } },
    'template.id',
    /^"coder" is for code_generation, and this task requires search$/,
  ],
  [
    'an unknown parameter',
    { template: { id: 'scout', parameters: { depht: 'basic' } } },
    'template.parameters.depht',
    /^the template "scout" has no such parameter/,
  ],
  [
    'a parameter that none takes',
    { template: { parameters: { colour: 'red' } } },
    'template.parameters.colour',
    /no such/,
  ],
  [
    'any, where there is none',
    { required_capability: 'translation', template: {} },
    'template',
    /^no template is for translation$/,
  ],
  [
    'one, and is pinned',
    { agent: 'x', template: { id: 'scout' } },
    'template',
    /pinned to an agent or has one made, not both/,
  ],
])('a task that asks for %s has a fault with its place', (_, fields, path, message) => {
  expect(faultsWith(fields)).toEqual([{ path: `sub_tasks[1].${path}`, message: expect.stringMatching(message) }]);
});

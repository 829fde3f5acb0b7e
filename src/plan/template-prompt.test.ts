import { expect, test } from 'vitest';
import { Template, TemplateParameters } from '../contracts/template.ts';
import { parameterFaults, renderPrompt, specialise } from './template-prompt.ts';

const template = (fields: object = {}) =>
  Template.parse({
    ...{ id: 'scout', name: 'Scout', type: 'research', capabilities: ['search'] },
    ...{ prompt: 'Focus: {{research_focus}}. Sources: {{ data_sources }}. Checked: {{fact_checking_enabled}}.' },
    ...fields,
  });

test.each([
  ['research', { research_focus: 'general', depth_level: 'standard', data_sources: [], fact_checking_enabled: true }],
  [
    'analysis',
    {
      ...{ analysis_framework: 'comprehensive', statistical_methods: [], visualization_preferences: [] },
      confidence_intervals: 0.95,
    },
  ],
  [
    'synthesis',
    { synthesis_style: 'executive', audience_level: 'expert', length_target: 'medium', citation_style: 'apa' },
  ],
  ['coordination', {}],
])("templates of type %s have the seed's parameters with the seed's values", (type, own) => {
  const values = specialise(template({ type, prompt: 'You work.' }), { given: {} });
  const common = { quality_threshold: 0.8, response_time_target: 300, iteration_limit: 3 };
  expect(Object.fromEntries(values)).toEqual({ ...own, ...common });
});

test('values stand where their names are; lists, yes and no are words', () => {
  const given = { data_sources: ['atlas', 'almanac'], fact_checking_enabled: false };
  const text = renderPrompt(template(), specialise(template(), { given, domain: 'rivers' }));
  expect(text).toBe('Focus: rivers. Sources: atlas, almanac. Checked: no.');
});

test('a focus that is given counts more than the domain', () => {
  const values = specialise(template(), { given: { research_focus: 'lakes' }, domain: 'rivers' });
  expect(values.get('research_focus')).toBe('lakes');
});

test('what looks like a place, a pattern or code within a value stays text', () => {
  const given = { research_focus: '{{data_sources}} $& `process.exit(1)`', data_sources: ['secret'] };
  const text = renderPrompt(template({ prompt: '[{{research_focus}}]' }), specialise(template(), { given }));
  expect(text).toBe('[{{data_sources}} $& `process.exit(1)`]');
});

test.each([
  ['an unknown parameter', { colour: 'red' }, 'colour', /no such parameter, only: research_focus, .*iteration_limit$/],
  ['a parameter of another type of template', { audience_level: 'x' }, 'audience_level', /no such parameter/],
  ['an inherited name', { constructor: 'x' }, 'constructor', /no such parameter/],
  ['a number for a text', { research_focus: 7 }, 'research_focus', /^expected a text of at most 200 characters$/],
  ['a text that is too long', { research_focus: 'x'.repeat(201) }, 'research_focus', /^expected a text of at most 200/],
  ['a text for a boolean', { fact_checking_enabled: 'true' }, 'fact_checking_enabled', /^expected true or false$/],
  ['a text for a list', { data_sources: 'atlas' }, 'data_sources', /^expected a list of at most 20 texts$/],
  ['another choice', { depth_level: 'extreme' }, 'depth_level', /^expected one of: basic, standard, comprehensive$/],
  ['a number out of bounds', { quality_threshold: 1.5 }, 'quality_threshold', /^expected a number from 0 to 1$/],
])('%s is refused by name', (_, given, path, message) => {
  const faults = parameterFaults(template(), TemplateParameters.parse(given));
  expect(faults).toEqual([{ path, message: expect.stringMatching(message) }]);
});

test('a template may have parameters of its own, and other defaults for those of its type', () => {
  const own = template({
    prompt: '{{language}} {{depth_level}}',
    parameters: {
      language: { type: 'text', default: 'english' },
      depth_level: { type: 'choice', choices: ['shallow', 'deep'], default: 'deep' },
    },
  });
  expect(parameterFaults(own, { depth_level: 'shallow', language: 'latin' })).toEqual([]);
  expect(renderPrompt(own, specialise(own, { given: {} }))).toBe('english deep');
});

test.each([
  [
    'a place that stands for nothing',
    { prompt: 'Hello {{wrold}}' },
    'prompt',
    /"\{\{wrold\}\}" stands for no parameter/,
  ],
  [
    'a default that is out of bounds',
    { parameters: { size: { type: 'number', min: 1, max: 2, default: 3 } } },
    'parameters.size.default',
    /^expected a number from 1 to 2$/,
  ],
])('a template with %s is none', (_, fields, path, message) => {
  const base = { id: 'a', name: 'a', type: 'coding', capabilities: ['custom'], prompt: 'x' };
  const issues = Template.safeParse({ ...base, ...fields }).error?.issues ?? [];
  expect(issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([
    [path, expect.stringMatching(message)],
  ]);
});

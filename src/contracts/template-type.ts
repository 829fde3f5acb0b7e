import { z } from 'zod';
import { defaults } from './limits.ts';
import { ParameterSpec } from './template-parameter.ts';

/** What kind of work a template's agents do: the specialists of the seed's agent factory, and its six roles. */
export const TemplateType = z.enum([
  'research',
  'analysis',
  'synthesis',
  'coordination',
  'planning',
  'coding',
  'qa',
  'review',
  'documentation',
]);
export type TemplateType = z.infer<typeof TemplateType>;

type Specs = Readonly<Record<string, ParameterSpec>>;

const text = (value: string, description: string): ParameterSpec =>
  ParameterSpec.parse({ type: 'text', default: value, description });
const list = (description: string): ParameterSpec => ParameterSpec.parse({ type: 'list', default: [], description });
const choice = (value: string, choices: readonly string[], description: string): ParameterSpec =>
  ParameterSpec.parse({ type: 'choice', default: value, choices, description });
const number = (value: number, [min, max]: readonly [number, number], description: string): ParameterSpec =>
  ParameterSpec.parse({ type: 'number', default: value, min, max, description });
const yes = (description: string): ParameterSpec =>
  ParameterSpec.parse({ type: 'boolean', default: true, description });

/** What the seed sets for every type. */
const common: Specs = {
  quality_threshold: number(defaults.templateQuality, [0, 1], 'how good an answer has to be, 0 to 1'),
  response_time_target: number(
    defaults.templateResponseSeconds,
    [1, 86_400],
    'seconds that an answer should take at most',
  ),
  iteration_limit: number(defaults.templateIterations, [1, 20], 'how often a draft may be gone over'),
};

/** The seed's `_create_specialization_parameters`: names, types and defaults. Its other roles take what is common to all. */
const special: Readonly<Partial<Record<TemplateType, Specs>>> = {
  research: {
    research_focus: text('general', "what to look into; the task's domain unless given"),
    depth_level: choice('standard', ['basic', 'standard', 'comprehensive'], 'how thorough to be'),
    data_sources: list('sources to prefer'),
    fact_checking_enabled: yes('whether each fact is checked'),
  },
  analysis: {
    analysis_framework: text('comprehensive', 'the method, such as comprehensive or statistical'),
    statistical_methods: list('statistics to give'),
    visualization_preferences: list('charts to describe'),
    confidence_intervals: number(0.95, [0.5, 0.9999], 'the level of confidence of intervals'),
  },
  synthesis: {
    synthesis_style: text('executive', 'the form of the text'),
    audience_level: text('expert', 'who reads it'),
    length_target: choice('medium', ['short', 'medium', 'long'], 'how long it becomes'),
    citation_style: text('apa', 'how sources are cited'),
  },
};

/** The parameters that every template of this type has, by name. */
export function parametersOfType(type: TemplateType): Specs {
  return { ...special[type], ...common };
}

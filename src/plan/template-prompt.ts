import type { Fault } from '../contracts/error.ts';
import { parametersOf, promptPlace, type Template, type TemplateParameters } from '../contracts/template.ts';
import { type ParameterSpec, type ParameterValue, parameterMisfit } from '../contracts/template-parameter.ts';

/** A template's parameters, each with the value it has for one task. */
export type Specialisation = ReadonlyMap<string, ParameterValue>;

/** What is wrong with the values given to a template, each fault with the parameter's name as its path; empty for good ones. */
export function parameterFaults(template: Template, given: TemplateParameters): readonly Fault[] {
  const specs = parametersOf(template);
  return Object.entries(given).flatMap(([name, value]) => {
    const spec = specs.get(name);
    const expected = spec === undefined ? unknownTo(template, specs) : parameterMisfit(spec, value);
    return expected === undefined ? [] : [{ path: name, message: expected }];
  });
}

function unknownTo({ id }: Template, specs: ReadonlyMap<string, ParameterSpec>): string {
  return `the template "${id}" has no such parameter, only: ${[...specs.keys()].join(', ')}`;
}

export type Specialising = {
  /** Values without faults. */
  readonly given: TemplateParameters;
  /** The task's, which is what research looks into unless it is told (the seed's rule). */
  readonly domain?: string | undefined;
};

/** Every parameter with its value: what was given, else what follows from the task, else its default. */
export function specialise(template: Template, { given, domain }: Specialising): Specialisation {
  const values = [...parametersOf(template)].map(([name, spec]): [string, ParameterValue] => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    return [name, value ?? (name === 'research_focus' ? domain : undefined) ?? spec.default];
  });
  return new Map(values);
}

/** The system prompt with the values in their places. One pass: what looks like a place within a value stays text. */
export function renderPrompt({ prompt }: Pick<Template, 'prompt'>, values: Specialisation): string {
  return prompt.replace(promptPlace, (place: string, name: string) => {
    const value = values.get(name);
    return value === undefined ? place : asText(value);
  });
}

function asText(value: ParameterValue): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none in particular' : value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

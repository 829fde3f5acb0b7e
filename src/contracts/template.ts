import { z } from 'zod';
import { Capability } from './agent.ts';
import { ModelProtocol } from './agent-protocol.ts';
import { defaults } from './limits.ts';
import { ResourceNeeds } from './pool.ts';
import { ParameterName, ParameterSpec, ParameterValue, parameterMisfit } from './template-parameter.ts';
import { parametersOfType, TemplateType } from './template-type.ts';

/** A template's id. */
export const TemplateId = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'expected 1 to 64 lower-case letters, digits, "_" or "-", beginning with a letter');

/** Values for a template's parameters, by their names; which there are, and of what type, the template says. */
export const TemplateParameters = z
  .record(z.string().max(64), ParameterValue)
  .refine((values) => Object.keys(values).length <= 30, 'expected at most 30 parameters');
export type TemplateParameters = z.infer<typeof TemplateParameters>;

/** A task's wish for an agent made from a template: this one, or the best for it. */
export const TemplateUse = z.strictObject({
  id: TemplateId.optional(),
  parameters: TemplateParameters.default({}),
});
export type TemplateUse = z.infer<typeof TemplateUse>;

/** A place of a prompt that a parameter's value takes. */
export const promptPlace = /\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}/g;

/** What an agent is made from: a role for the configured model, and the seed's specification with its defaults. */
export const Template = z
  .strictObject({
    id: TemplateId,
    name: z.string().min(1).max(200),
    description: z.string().max(4_000).default(''),
    type: TemplateType,
    capabilities: z.array(Capability).min(1).max(7),
    /** What its agents are good at within their capabilities; a task's domain is looked for here. */
    skills: z.array(z.string().min(1).max(100)).max(50).default([]),
    /** The system prompt. `{{name}}` is where a parameter's value stands; values are inserted as they are, and never read again. */
    prompt: z.string().min(1).max(16_000),
    /** Raised by whoever changes the prompt, so that what was made from it can be told apart. */
    prompt_version: z.int().min(1).max(1_000_000).default(1),
    /** Parameters beside those of its type; one with the name of one of those replaces it. */
    parameters: z
      .record(ParameterName, ParameterSpec)
      .refine((specs) => Object.keys(specs).length <= 20, 'expected at most 20 parameters')
      .default({}),
    /** The model and its temperature where they are not the configured ones. */
    model: ModelProtocol.omit({ system_prompt: true }).default({}),
    resources: ResourceNeeds.prefault({}),
    /** Whether it may be chosen for a task that did not ask for a template. */
    automatic: z.boolean().default(true),
    max_concurrent_tasks: z.int().min(1).max(10_000).default(defaults.templateConcurrentTasks),
    timeout_seconds: z.number().positive().max(3_600).default(defaults.templateTimeoutSeconds),
    /** Calls after the first one failed, of a task that asks for this template and does not say itself. */
    retry_attempts: z.int().min(0).max(20).default(defaults.templateRetries),
    /** Whether what became of its agents' tasks counts in its score. */
    monitoring_enabled: z.boolean().default(true),
  })
  .superRefine((template, context) => {
    for (const { path, message } of templateFaults(template)) context.addIssue({ code: 'custom', path, message });
  });
export type Template = z.infer<typeof Template>;

type Specified = Pick<Template, 'type' | 'parameters'>;

/** All parameters of a template by name: its own, and those of its type. */
export function parametersOf({ type, parameters }: Specified): ReadonlyMap<string, ParameterSpec> {
  return new Map(Object.entries({ ...parametersOfType(type), ...parameters }));
}

type TemplateFault = { readonly path: string[]; readonly message: string };

/** What is wrong between a template's parts: places without a parameter, and defaults that are out of bounds. */
function templateFaults(template: Specified & Pick<Template, 'prompt'>): readonly TemplateFault[] {
  const known = parametersOf(template);
  const places = new Set([...template.prompt.matchAll(promptPlace)].map(([, name = '']) => name));
  const unknown = [...places].filter((name) => !known.has(name));
  const names = [...known.keys()].join(', ');
  return [
    ...unknown.map((name) => ({
      path: ['prompt'],
      message: `"{{${name}}}" stands for no parameter; this template has: ${names}`,
    })),
    ...Object.entries(template.parameters).flatMap(([name, spec]) => {
      const expected = parameterMisfit(spec, spec.default);
      return expected === undefined ? [] : [{ path: ['parameters', name, 'default'], message: expected }];
    }),
  ];
}

/** What became of a template's agents. `success` is what its score takes, 0 to 1. */
export const TemplateRecord = z.object({
  made: z.number(),
  completed: z.number(),
  failed: z.number(),
  success: z.number(),
  /** Mean milliseconds of the tasks that completed; null when there were none. */
  mean_ms: z.number().nullable(),
});
export type TemplateRecord = z.infer<typeof TemplateRecord>;

/** A template as it is listed: whether it ships with baton, unchanged, and what became of its agents. */
export const ListedTemplate = Template.safeExtend({ shipped: z.boolean(), record: TemplateRecord });
export type ListedTemplate = z.infer<typeof ListedTemplate>;

/** GET /v1/templates. */
export const TemplateList = z.object({ templates: z.array(ListedTemplate) });

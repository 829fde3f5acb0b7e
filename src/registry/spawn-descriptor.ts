import { createHash } from 'node:crypto';
import { AgentDescriptor } from '../contracts/agent.ts';
import type { Price } from '../contracts/budget.ts';
import { BatonError } from '../contracts/error.ts';
import type { Holding } from '../contracts/pool.ts';
import type { Template, TemplateUse } from '../contracts/template.ts';
import { renderPrompt, type Specialisation, specialise } from '../plan/template-prompt.ts';

/** For whom an agent is made. */
export type Making = {
  readonly run: string;
  /** The task that it is made for. */
  readonly task: string;
  /** Whether it serves this task only, because the task asked for it; else every task of the run that may have it. */
  readonly exclusive: boolean;
  readonly template: Template;
  readonly use?: TemplateUse | undefined;
  readonly domain?: string | undefined;
  /** What the configured model costs. */
  readonly price: Price;
};

/**
 * The id of the agent that a run makes from a template for a task: always the same one, whoever makes it, and another one for every
 * other run, task and template. Readable parts and a digest, 63 characters at most.
 */
export function spawnedAgentId({ run, task, template }: { run: string; task: string; template: string }): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([run, template, task]))
    .digest('hex')
    .slice(0, 20);
  return [template.slice(0, 18), run.slice(-8), task.slice(0, 14), digest].join('-');
}

/** The agent that is made: the configured model with the template's prompt. Throws agent_creation_failed when no agent comes of it. */
export function descriptorOf(making: Making): AgentDescriptor {
  const { run, task, template, exclusive, price } = making;
  const values = specialisationOf(making);
  const model = { ...template.model, system_prompt: renderPrompt(template, values) };
  const parsed = AgentDescriptor.safeParse({
    agent_id: spawnedAgentId({ run, task, template: template.id }),
    name: template.name,
    description: template.description,
    transport: 'model',
    model,
    capabilities: template.capabilities,
    streaming_mode: 'dynamic_events',
    skills: template.skills,
    version: versionOf(template, model),
    max_concurrent_tasks: template.max_concurrent_tasks,
    timeout_seconds: template.timeout_seconds,
    price,
    metadata: {
      spawned: true,
      run_id: run,
      ...(exclusive && { task_id: task }),
      template: template.id,
      prompt_version: template.prompt_version,
      parameters: Object.fromEntries(values),
    },
  });
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new BatonError('agent_creation_failed', `No agent can be made from the template "${template.id}": ${what}`, {
    cause: parsed.error,
  });
}

/** What it holds of the pool, and by what its work is judged. */
export function holdingOf(making: Making): Holding {
  const { run, task, exclusive, template } = making;
  const threshold = specialisationOf(making).get('quality_threshold');
  return {
    run_id: run,
    task_id: exclusive ? task : null,
    template: template.id,
    quality_threshold: template.monitoring_enabled && typeof threshold === 'number' ? threshold : null,
    agents: 1,
    ...template.resources,
  };
}

function specialisationOf({ template, use, domain }: Making): Specialisation {
  return specialise(template, { given: use?.parameters ?? {}, domain });
}

/** Changes whenever the agent's answers would. */
function versionOf({ id, prompt_version }: Template, model: object): string {
  const digest = createHash('sha256').update(JSON.stringify(model)).digest('hex').slice(0, 16);
  return `${id}.${prompt_version}.${digest}`;
}

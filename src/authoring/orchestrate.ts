import type { z } from 'zod';
import { type AgentTask, type DefinedAgent, defineAgent } from '../agents/definition.ts';
import { rejected } from '../agents/refuse.ts';
import { parseInput, payloadSchemaOf } from '../agents/schemas.ts';
import type { Capability } from '../contracts/agent.ts';
import { BatonError, faultsOf, faultyError, parseOr } from '../contracts/error.ts';
import type { Plan } from '../contracts/plan.ts';
import { ProgramLog } from '../contracts/program.ts';
import { checkedPlan } from './define-plan.ts';
import { type Nothing, sketchOf, type TaskHandle } from './handle.ts';
import { replayFlow } from './replay-flow.ts';
import { toGraphTask } from './sub-task.ts';
import { markProgram } from './task.ts';
import type { FlowTools } from './tools.ts';
import { type FlowFunction, type Traced, traceFlow } from './trace-flow.ts';

export type FlowOptions<Input, Output> = Readonly<{
  /** Its agent's id; the task's too, in the plan of one that is no graph. */
  id: string;
  description?: string;
  /** What its agent is found by; custom unless given. */
  capabilities?: readonly [Capability, ...Capability[]];
  input?: Input;
  output?: Output;
}>;

type InputOf<Input> = Input extends z.ZodObject ? z.input<Input> : Readonly<Record<string, unknown>>;
type GivenOf<Input> = Input extends z.ZodObject ? z.output<Input> : Readonly<Record<string, unknown>>;
type ResultOf<Output> = Output extends z.ZodType ? z.output<Output> : string;
type MadeOf<Output> = Output extends z.ZodType ? z.input<Output> : unknown;

/** A flow: an agent to serve or to load into a worker, and the plan that has it done. */
export type Orchestration<Input, Result> = DefinedAgent<Input, Result> & {
  /** The graph that the function comes to, or else one task that asks this agent: it has to serve then. Throws invalid_request, invalid_plan. */
  plan(...given: Nothing extends Input ? [input?: Input] : [input: Input]): Promise<Plan>;
};

/**
 * A flow as a function. One that waits for none of its steps is a graph. Any other is run again and again with what its steps have given so far
 * (docs/programs.md): what it does may follow from its input and its steps alone, no clock, no random numbers, nothing of its own that takes time.
 */
export function orchestrate<
  Input extends z.ZodObject | undefined = undefined,
  Output extends z.ZodType | undefined = undefined,
>(
  options: FlowOptions<Input, Output>,
  flow: (
    tools: FlowTools & { readonly input: GivenOf<Input> },
  ) => MadeOf<Output> | PromiseLike<MadeOf<Output>> | TaskHandle<MadeOf<Output>>,
): Orchestration<InputOf<Input>, ResultOf<Output>> {
  const { id, description = '', capabilities = ['custom'], input, output } = options;
  const untyped = flow as FlowFunction; // its input is what the schema gives
  const agent = defineAgent({
    ...{ id, description, capabilities },
    // Nobody else's task fits it: it is asked by tasks of kind program only.
    payload_schema: { ...(input !== undefined && payloadSchemaOf(input)), required_fields: { program: 'object' } },
    invoke: (task: AgentTask) => answer({ id, input, output }, untyped, task),
  });
  const plan = async (given: unknown = {}): Promise<Plan> => {
    const checked = input === undefined ? given : parseOr(input, given, 'invalid_request');
    const traced = await traceFlow(untyped, checked);
    return checkedPlan(
      traced === undefined ? programPlan({ id, description, capabilities }, given) : graphPlan(id, traced),
    );
  };
  const orchestration = Object.defineProperty(agent, 'plan', { value: plan });
  markProgram(orchestration, output);
  return orchestration as unknown as Orchestration<InputOf<Input>, ResultOf<Output>>; // its types are those of its schemas
}

type Schemas = Readonly<{ id: string; input: z.ZodObject | undefined; output: z.ZodType | undefined }>;

/** What a program answers (contracts/program.ts). */
async function answer({ id, input, output }: Schemas, flow: FlowFunction, task: AgentTask): Promise<string> {
  const { program, ...given } = task;
  const log = ProgramLog.safeParse(program);
  if (!log.success) throw rejected(`"${id}" is a program: it works for tasks of kind "program".`);
  const checked = input === undefined ? given : parseInput(input, given);
  const replayed = await replayFlow({ flow, input: checked, log: log.data, texts: task.context });
  return JSON.stringify('answer' in replayed ? replayed.answer : endWith(id, output, replayed.value));
}

/** With a schema the result is JSON; else a text as it is. */
function endWith(id: string, output: z.ZodType | undefined, value: unknown): object {
  if (output === undefined) return { result: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') };
  const parsed = output.safeParse(value);
  if (parsed.success) return { result: JSON.stringify(parsed.data) ?? 'null' };
  const { message } = faultyError('agent_protocol', faultsOf(parsed.error));
  return { error: { message: `The flow "${id}" gave what its output does not allow. ${message}` } };
}

function programPlan(
  { id, description, capabilities }: Pick<FlowOptions<never, never>, 'id' | 'description' | 'capabilities'>,
  input: unknown,
): object {
  const program = {
    ...{ task_id: id, kind: 'program', agent: id, description: description || id, input_data: input },
    required_capability: capabilities?.[0],
  };
  return { plan_id: id, sub_tasks: [program], answer: { from: id } };
}

function graphPlan(id: string, { tasks, answer: last }: Traced): object {
  const names = new Map([...tasks].map(([name, handle]) => [handle, name]));
  const nameOf = (handle: TaskHandle<unknown>): string => {
    const name = names.get(handle);
    if (name !== undefined) return name;
    throw new BatonError('invalid_plan', `A task needs "${handle[sketchOf].name}", which is no step of this flow.`);
  };
  const sub_tasks = [...tasks].map(([task_id, handle]) => ({ ...toGraphTask(handle[sketchOf], nameOf), task_id }));
  return { plan_id: id, sub_tasks, ...(last !== undefined && { answer: { from: nameOf(last) } }) };
}

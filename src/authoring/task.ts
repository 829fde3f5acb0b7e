import type { z } from 'zod';
import type { AgentDefinition, InputOfAgent, ResultOfAgent } from '../agents/definition.ts';
import { readAnswer } from '../agents/schemas.ts';
import { Capability } from '../contracts/agent.ts';
import { BatonError } from '../contracts/error.ts';
import type { Approval, Join, MapSpec, SubTask } from '../contracts/plan.ts';
import type { ReviewSpec } from '../contracts/review.ts';
import { checkNeeds, type Need, type Nothing, type Outcome, type Sketch, sketchOf, type TaskHandle } from './handle.ts';

/** Who does a task: one agent, to which it is pinned, or the best one of a capability. */
export type Doer = AgentDefinition | Capability;

// What another field here says, or says better.
type SaidElsewhere =
  | 'task_id'
  | 'description'
  | 'required_capability'
  | 'input_data'
  | 'depends_on'
  | 'after'
  | 'agent';
type Fields = Partial<Omit<z.input<typeof SubTask>, SaidElsewhere | 'kind' | 'map' | 'review' | 'join'>>;

type Common = Readonly<
  Fields & {
    /** What is to be done, in words; the agent's own description unless given. */
    description?: string;
    /** With an agent of several capabilities: for which one it is asked. The first one unless given. */
    capability?: Capability;
    /** Whose results are its context. */
    needs?: readonly Need[];
    /** Only an order: nothing of these is handed on. */
    after?: readonly TaskHandle<unknown>[];
    /** When it goes on without all that it needs. */
    join?: z.input<typeof Join>;
    /** A reviewer looks at its result before anybody gets it; with kind "review" the task is the review of what it needs. */
    review?: Omit<z.input<typeof ReviewSpec>, 'revise'> & { readonly revise?: readonly TaskHandle<unknown>[] };
    /** In a flow: what its step is called; counted up from the agent's id unless given. */
    key?: string;
  }
>;

/** Run-time fan-out over a list in its input, by the path there, or over the list that another task gives. */
type Mapped = Readonly<{
  map: Omit<z.input<typeof MapSpec>, 'over'> & { readonly over: string | TaskHandle<unknown>; readonly path?: string };
  kind?: never;
  input?: Readonly<Record<string, unknown>>;
}>;
/** What judges others' work or only talks about it gets no agent's input. */
type Judged = Readonly<{ kind: 'review' | 'talk'; map?: never; input?: Readonly<Record<string, unknown>> }>;
type Given<Input> = Readonly<
  { kind?: 'agent' | 'vote'; map?: never } & (Nothing extends Input ? { input?: Input } : { input: Input })
>;

/** What is said of a task when nothing is. */
export type PlainTask<Input> = Common & Given<Input>;
export type TaskOptions<Input> = Common & (Mapped | Judged | Given<Input>);

type Others<Given, Known> = { readonly [Name in Exclude<keyof Given, Known>]: never };

/** What is not there, so that a name that is spelled wrong does not compile: options, and fields of its agent's own input. */
export type Spelled<Options, Input> = Others<Options, keyof Common | 'input' | 'map' | 'kind'> &
  (Options extends { readonly map: object } | { readonly kind: 'review' | 'talk' }
    ? unknown
    : Options extends { readonly input: infer Given }
      ? { readonly input: Others<Given, keyof Input> }
      : unknown);

/** What a task gives: a map a list, null where an item gave nothing; a review and a talk a text; the rest what its agent gives. */
export type TaskResultOf<Who, Options> = Options extends { readonly map: object }
  ? readonly (ResultOfAgent<Who> | null)[]
  : Options extends { readonly kind: 'review' | 'talk' } | { readonly talk: object }
    ? string
    : ResultOfAgent<Who>;

/** A task; its handle is what others need it by. The shape is checked with the plan that it becomes part of. */
export function task<
  const Who extends Doer,
  const Options extends TaskOptions<InputOfAgent<Who>> = PlainTask<InputOfAgent<Who>>,
>(
  who: Who,
  ...[options]: Nothing extends TaskOptions<InputOfAgent<Who>>
    ? [options?: Options & Spelled<Options, InputOfAgent<Who>>]
    : [options: Options & Spelled<Options, InputOfAgent<Who>>]
): TaskHandle<TaskResultOf<Who, Options>> {
  return { [sketchOf]: sketchTask(who, options ?? {}) };
}

/** What a human said: the text is that of an edit, or says that it was approved; empty when rejected. */
export type HumanDecision = Readonly<{ decision: 'approved' | 'edited' | 'rejected'; text: string }>;

export type ApproveOptions = Readonly<
  Partial<Omit<z.input<typeof Approval>, 'when'>> & Pick<Common, 'needs' | 'after' | 'key' | 'optional'>
>;

/** A question to a human, who sees what it needs. In a graph its dependents are skipped when it is rejected. */
export function approve(question: string, options: ApproveOptions = {}): TaskHandle<HumanDecision> {
  return { [sketchOf]: sketchApproval(question, options) };
}

type Loose = Common & { readonly map?: Mapped['map']; readonly kind?: SubTask['kind']; readonly input?: unknown };

/** What a task is by its options. Throws config_invalid for an agent that is none, invalid_plan for a need that is no handle. */
export function sketchTask(who: Doer, options: object): Sketch {
  const { description, capability, needs = [], after = [], review, map, kind, key, input, ...rest }: Loose = options;
  const agent = typeof who === 'string' ? undefined : who;
  const required = capability ?? agent?.capabilities[0] ?? capabilityOf(who);
  const what = kindOf(options, agent);
  const { revise, ...reviewed } = review ?? {};
  checkNeeds([...needs, ...after, ...(revise ?? [])]);
  const over = typeof map?.over === 'string' ? undefined : map?.over;
  return {
    name: key ?? agent?.id ?? required,
    needs: over === undefined || needs.includes(over) ? needs : [over, ...needs],
    ...{ after, over, revise },
    fields: {
      ...rest,
      description: description ?? (agent?.description || agent?.name || agent?.id || required),
      required_capability: required,
      kind: what,
      ...(input !== undefined && { input_data: input }),
      ...(agent !== undefined && isPinned(what) && { agent: agent.id }),
      ...(map !== undefined && { map: mapOf(map) }),
      ...((review !== undefined || what === 'review') && { review: reviewOf(what, agent, reviewed) }),
    },
    read: ({ text }) => readAs(what, agent, text),
  };
}

export function sketchApproval(question: string, options: ApproveOptions): Sketch {
  const { needs = [], after = [], key, optional, expires_ms, on_expiry } = options;
  checkNeeds([...needs, ...after]);
  const approval = { ...(expires_ms !== undefined && { expires_ms }), ...(on_expiry !== undefined && { on_expiry }) };
  return {
    name: key ?? 'approval',
    ...{ needs, after, over: undefined, revise: undefined },
    fields: {
      ...{ description: question, required_capability: 'custom', kind: 'approval', approval },
      ...(optional !== undefined && { optional }),
    },
    read: ({ text, decision = 'approved' }: Outcome): HumanDecision => ({ decision, text }),
  };
}

function capabilityOf(who: unknown): Capability {
  const parsed = Capability.safeParse(who);
  if (parsed.success) return parsed.data;
  const expected = `an agent, or one of the capabilities ${Capability.options.join(', ')}`;
  throw new BatonError('config_invalid', `A task needs ${expected}; came ${String(who).slice(0, 100)}.`);
}

const programs = new WeakMap<object, { readonly output: z.ZodType | undefined }>();

/** Notes that an agent is a program, whose tasks are of that kind, and what these give: its own answers are something else. */
export function markProgram(agent: AgentDefinition, output: z.ZodType | undefined): void {
  programs.set(agent, { output });
}

/** What tasks of an agent give; undefined for a text. */
export function outputOf(agent: AgentDefinition | undefined): z.ZodType | undefined {
  return agent === undefined ? undefined : (programs.get(agent) ?? agent).output;
}

function kindOf({ kind, map, consensus, talk }: Loose, agent: AgentDefinition | undefined): SubTask['kind'] {
  if (map !== undefined) return 'map';
  if (consensus !== undefined) return 'vote';
  if (talk !== undefined) return 'talk';
  if (agent !== undefined && programs.has(agent)) return 'program';
  return kind ?? 'agent';
}

/** Several agents vote and talk, and a review is done by its reviewer. */
function isPinned(kind: SubTask['kind']): boolean {
  return kind !== 'vote' && kind !== 'talk' && kind !== 'review';
}

function mapOf({ over, path, ...rest }: Mapped['map']): object {
  return { ...rest, over: typeof over === 'string' ? { input: over } : { task: '', path: path ?? '' } };
}

function reviewOf(kind: SubTask['kind'], agent: AgentDefinition | undefined, review: object): object {
  return kind === 'review' && agent !== undefined ? { reviewer: agent.id, ...review } : review;
}

function readAs(kind: SubTask['kind'], agent: AgentDefinition | undefined, text: string): unknown {
  const whose = `"${agent?.id ?? kind}"`;
  if (kind === 'review' || kind === 'talk') return text;
  if (kind !== 'map') return readAnswer(outputOf(agent), text, whose);
  const texts: unknown = JSON.parse(text);
  if (!Array.isArray(texts)) throw new BatonError('agent_protocol', `The result of ${whose} is no list.`);
  return texts.map((item) => (item === null ? null : readAnswer(outputOf(agent), String(item), whose)));
}

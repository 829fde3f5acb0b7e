import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RunInput } from '../client/client.ts';
import { BatonError } from '../contracts/error.ts';
import { OnBusy } from '../contracts/session.ts';
import { PlanRef } from '../contracts/stored-plan.ts';
import { StrategyName } from '../contracts/strategy.ts';
import { loadPlan, words } from './arguments.ts';

/** What a run is asked for beside its query. */
export type RequestFlags = {
  plan?: string;
  planRef?: PlanRef;
  strategy?: StrategyName;
  defaultAgent?: string;
  synthesis?: 'join' | 'model';
  agents?: readonly string[];
  session?: string;
  onBusy?: OnBusy;
};

/** Gives a command the options of RequestFlags. */
export function addRequestOptions(command: Command): Command {
  const plan = new Option('--plan <file>', 'a ready plan (JSON) in place of a query').conflicts('planRef');
  const planRef = new Option('--plan-ref <name[@version]>', 'a stored plan; a query beside it is what is answered');
  const synthesis = new Option('--synthesis <how>', 'with report: how its sections become one text');
  return command
    .addOption(plan)
    .addOption(planRef.argParser(parsePlanRef))
    .addOption(new Option('--strategy <name>', 'how the query becomes a plan').choices(StrategyName.options))
    .option('--default-agent <id>', 'with route: who takes a query that suits nobody')
    .addOption(synthesis.choices(['join', 'model']))
    .option('--agents <ids>', 'with peers: who talks, with commas between', words)
    .option('--session <id>', 'what was asked and answered in this session is known to it')
    .addOption(new Option('--on-busy <what>', 'what it does while the session is busy').choices(OnBusy.options));
}

/** The request for a run. Throws invalid_plan for a file that holds none, invalid_request for options that make no sense together. */
export async function requestOf(query: string | undefined, flags: RequestFlags): Promise<RunInput> {
  const { plan, planRef, session, onBusy } = flags;
  if (plan === undefined ? (query ?? planRef) === undefined : query !== undefined)
    throw new BatonError('invalid_request', 'expected a query, --plan <file> or --plan-ref <name>');
  return {
    ...(query !== undefined && { query }),
    ...(plan !== undefined && { plan: await loadPlan(plan) }),
    ...(planRef !== undefined && { plan_ref: planRef }),
    ...strategyOf(flags),
    ...(session !== undefined && { session_id: session }),
    ...(onBusy !== undefined && { on_busy: onBusy }),
  };
}

/** Which options a strategy has, the server knows. */
function strategyOf({ strategy: name, defaultAgent, synthesis, agents }: RequestFlags): Pick<RunInput, 'strategy'> {
  const options = {
    ...(defaultAgent !== undefined && { default_agent: defaultAgent }),
    ...(synthesis !== undefined && { synthesis }),
    ...(agents !== undefined && { agents: [...agents] }),
  };
  if (name !== undefined) return { strategy: { name, ...options } };
  if (Object.keys(options).length === 0) return {};
  throw new BatonError('invalid_request', 'expected --strategy with --default-agent, --synthesis and --agents');
}

/** `name` or `name@version`: a plan's name has no "@". */
function parsePlanRef(text: string): PlanRef {
  const { name, version } = /^(?<name>[^@]*)(?:@(?<version>\d+))?$/.exec(text)?.groups ?? {};
  const ref = PlanRef.safeParse({ name, ...(version !== undefined && { version: Number(version) }) });
  if (ref.success) return ref.data;
  throw new InvalidArgumentError('Expected the name of a stored plan, or name@version.');
}

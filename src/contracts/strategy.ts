import { z } from 'zod';
import { AgentId } from './ids.ts';

/**
 * How a query becomes a plan. plan: a DAG of tasks. route: the one agent that suits it. report: sections, written at the same time
 * and joined in order. sequence: steps that each see all earlier results. team: a DAG whose demanding tasks get agents made for
 * them. peers: agents that talk it over. auto: the planner chooses one of these.
 */
export const StrategyName = z.enum(['plan', 'route', 'report', 'sequence', 'team', 'peers', 'auto']);
export type StrategyName = z.infer<typeof StrategyName>;

/** Stands between the sections of a report (the seed's). */
export const SECTION_SEPARATOR = '\n\n---\n\n';

const StrategySpec = z
  .strictObject({
    name: StrategyName,
    /** route: who takes a query that suits nobody; without one such a run fails as no_route. */
    default_agent: AgentId.optional(),
    /** report: whether its sections are joined as they are, or made into one text by the model; joined unless asked. */
    synthesis: z.enum(['join', 'model']).optional(),
    /** report: what stands between joined sections; SECTION_SEPARATOR unless given. */
    separator: z.string().max(200).optional(),
    /** peers: who talks; the planner chooses unless they are named. */
    agents: z.array(AgentId).min(2).max(9).optional(),
  })
  .superRefine(({ name, ...options }, context) => {
    for (const [option, owner] of Object.entries(owners)) {
      const given = options[option as keyof typeof owners] !== undefined; // keys of a const object
      if (given && name !== owner && name !== 'auto')
        context.addIssue({ code: 'custom', path: [option], message: `only the strategy "${owner}" has it` });
    }
  });
export type Strategy = z.infer<typeof StrategySpec>;

/** Whose option it is; `auto` may have all of them. */
const owners = { default_agent: 'route', synthesis: 'report', separator: 'report', agents: 'peers' } as const;

/** A run's strategy: its name, or its name with options. */
export const Strategy = z
  .union([StrategyName.transform((name): z.input<typeof StrategySpec> => ({ name })), z.looseObject({})], {
    error: `expected one of ${StrategyName.options.join(', ')}, or an object with such a "name"`,
  })
  .pipe(StrategySpec);

/** Which strategy made a plan, which one was asked for, and why it was this one. */
export const StrategyDecision = z.strictObject({
  asked: StrategyName,
  used: StrategyName.exclude(['auto']),
  reason: z.string().max(1_000).default(''),
});
export type StrategyDecision = z.infer<typeof StrategyDecision>;

import { type Staff, teamPlan } from '../../plan/strategy-team.ts';
import { toPlan } from '../planner/draft.ts';
import { planningMessages } from '../planner/prompt.ts';
import { askTwice } from './ask-twice.ts';
import { TeamDraft } from './drafts.ts';
import { checked, frameOf, type Planned, type Planning } from './planning.ts';
import { teamMessages } from './prompt.ts';

/** The model plans as usual and says how hard each task is and who does it; what agents that takes follows from the tasks alone. */
export async function planTeam(planning: Planning): Promise<Planned> {
  const { model, signal, agents, query, earlier } = planning;
  const staff: Staff = { agents, templates: await planning.loadTemplates() };
  const { value: plan, usage } = await askTwice({
    ...{ model, signal, name: 'team', schema: TeamDraft },
    messages: teamMessages(planningMessages(query, agents, earlier)),
    compile: (draft) => {
      const drafted = toPlan(draft, { ...frameOf(planning), agents });
      if (!drafted.ok) return drafted;
      return checked(planning, { ok: true, plan: teamPlan(drafted.plan, draft.sub_tasks, staff) });
    },
  });
  return { plan, usage, reason: plan.reasoning };
}

import { reportPlan } from '../../plan/strategy-report.ts';
import { clean } from '../planner/text.ts';
import { askTwice } from './ask-twice.ts';
import { ReportDraft } from './drafts.ts';
import { checked, frameOf, type Planned, type Planning } from './planning.ts';
import { strategyMessages } from './prompt.ts';

/** The model plans the sections of a report, and each is a task of its own. Throws planning_failed when it names none, even when asked again. */
export async function planReport(planning: Planning): Promise<Planned> {
  const { value: plan, usage } = await askTwice({
    ...{ model: planning.model, signal: planning.signal, name: 'report', schema: ReportDraft },
    messages: strategyMessages('report', planning),
    compile: ({ sections }) => {
      const texts = sections.map(({ name, description }) => ({
        name: clean(name, 200),
        description: clean(description, 2_000),
      }));
      return checked(planning, reportPlan(frameOf(planning), texts, planning.strategy));
    },
  });
  return { plan, usage, reason: plan.reasoning };
}

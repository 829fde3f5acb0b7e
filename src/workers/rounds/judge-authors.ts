import type { SubTask } from '../../contracts/plan.ts';
import type { ReviewVerdict } from '../../contracts/review.ts';
import type { Judgement } from '../../registry/outcomes.ts';
import type { Review } from './review-state.ts';

/**
 * What a reviewer's score says of the agents whose texts it was about, each text once: one that was not revised since was judged before.
 * Empty without a score. A score for several tasks counts for each of their authors.
 */
export function judgementsOf(
  { versions, before, revisions, results }: Pick<Review, 'versions' | 'before' | 'revisions' | 'results'>,
  verdict: ReviewVerdict | undefined,
  planned: ReadonlyMap<string, Pick<SubTask, 'required_capability'>>,
): readonly Judgement[] {
  const quality = verdict?.score;
  if (quality == null) return [];
  const fresh = Object.entries(versions).filter(([task, at]) => revisions === 0 || before[task] !== at);
  return fresh.flatMap(([task, at]) => {
    const agent = results.get(at)?.agent_id;
    const capability = planned.get(task)?.required_capability;
    return agent === undefined || capability === undefined ? [] : [{ agent, capability, quality }];
  });
}

import { BatonError } from '../../contracts/error.ts';
import type { SubTask } from '../../contracts/plan.ts';
import type { ReviewOutcome, ReviewVerdict } from '../../contracts/review.ts';
import { loadRecord } from '../../journal/load-run.ts';
import type { Said } from '../../journal/record-round.ts';
import { childIn } from '../../plan/child-task.ts';
import { type NextReview, nextReview } from '../../plan/review.ts';
import { reviewSketch, revisionSketch } from '../../plan/review-tasks.ts';
import { reporterOf } from '../count-call.ts';
import { judgementsOf } from './judge-authors.ts';
import { loadAuthors } from './load-authors.ts';
import type { Pattern, Spawn, Standing, Step } from './pattern.ts';
import { loadReview, type Review } from './review-state.ts';
import { revisionDiffs } from './revision-diffs.ts';

/**
 * The seed's supervisor and quality gate: a reviewer judges what the dependencies gave, their authors revise it by the feedback, and so
 * on up to max_revisions; then it escalates. Every judgement and every revision is a task of its own, so each has its agent, attempts and
 * stream. The result is the accepted text; of several reviewed tasks the JSON object of their texts by task.
 */
export const review: Pattern = async (standing) => {
  const state = await loadReview(standing);
  switch (state.phase) {
    case 'begin':
      return Object.keys(state.versions).length === 0 ? nothingToReview : judge(standing, state);
    case 'revised':
      return judge(standing, state);
    case 'judged':
      return follow(standing, state);
    case 'stronger':
      return redone(state);
    default:
      return state.phase satisfies never;
  }
};

const nothingToReview: Step = {
  kind: 'fail',
  reason: new BatonError('review_failed', 'There is nothing to review: no task that it depends on has completed.'),
};

/** A stronger agent's work is not judged again; what it did not do stays as it was. */
function redone(state: Review): Step {
  const { before, versions } = state;
  const isRedone = Object.entries(versions).some(([task, at]) => before[task] !== at);
  const warning = isRedone
    ? 'A stronger agent did the work after it had not been accepted.'
    : 'It was not accepted, and the stronger agent did not do it either.';
  return finish(state, { warning });
}

async function judge({ work }: Standing, { versions, written, place }: Review): Promise<Spawn> {
  const { task, run_id: run } = work.data;
  const planned = await loadPlanned({ work });
  const authors = await loadAuthors(work.tools.flow.store, { run, tasks: written, planned });
  const child = childIn({ task, job: work.job }, place, reviewSketch(task, versions, authors));
  return { kind: 'spawn', children: [child], note: { phase: 'judged', versions } };
}

/** What follows from the reviewer's answer, and is said of it. */
async function follow(standing: Standing, state: Review): Promise<Step> {
  const { answer } = state;
  const failure = answer?.status === 'completed' ? undefined : (answer?.error?.message ?? 'it has no result');
  const verdict = failure === undefined ? state.verdict : undefined;
  const next = nextReview({ ...state, verdict, failure, tasks: Object.keys(state.versions) });
  const step = await stepOf(standing, state, { next, verdict });
  const onCounted = (): void => void judgeAuthors(standing, state, verdict).catch(reporterOf(standing.work));
  return { ...step, says: [scored(state, next, verdict)], onCounted };
}

async function judgeAuthors({ work }: Standing, state: Review, verdict: ReviewVerdict | undefined): Promise<void> {
  const judgements = judgementsOf(state, verdict, await loadPlanned({ work }));
  for (const judgement of judgements) work.tools.outcomes.judge(judgement);
}

type Judged = { readonly next: NextReview; readonly verdict: ReviewVerdict | undefined };

async function stepOf(standing: Standing, state: Review, { next, verdict }: Judged): Promise<Step> {
  const quality = verdict?.score ?? undefined;
  switch (next.kind) {
    case 'accept':
      return finish(state, { quality });
    case 'critical':
      return { kind: 'fail', reason: new BatonError('review_failed', `Beyond mending: ${next.reason}`) };
    case 'ask_again':
      return judge(standing, state);
    case 'revise':
      return revise(standing, state, { tasks: next.tasks, verdict, phase: 'revised' });
    case 'escalate':
      return escalate(standing, state, { reason: next.reason, verdict });
    default:
      return next satisfies never;
  }
}

type Revision = {
  readonly tasks: readonly string[];
  readonly verdict: ReviewVerdict | undefined;
  readonly phase: 'revised' | 'stronger';
  /** Instead of the author. */
  readonly agent?: string | undefined;
};

/** One child per task that is revised: its author's own task, with what it gave and what is wrong with it. */
async function revise(
  { work }: Standing,
  { spec, versions, reviewers, place }: Review,
  { tasks, verdict, phase, agent }: Revision,
): Promise<Spawn> {
  const planned = await loadPlanned({ work });
  const feedback = { feedback: verdict?.feedback ?? '', issues: verdict?.issues ?? [] };
  const children = tasks.map((id, at) => {
    const sketch = revisionSketch(planned.get(id) ?? work.data.task, versions[id] ?? id, feedback);
    // Whoever revised what it judged could not judge it again.
    const barred = [
      ...(sketch.not_agents ?? []),
      ...reviewers,
      ...(spec.reviewer === undefined ? [] : [spec.reviewer]),
    ];
    const pinned = agent === undefined ? { ...sketch, not_agents: [...new Set(barred)] } : { ...sketch, agent };
    return childIn({ task: work.data.task, job: work.job }, place + at, pinned);
  });
  const revised = Object.fromEntries(tasks.map((id, at) => [id, children[at]?.task.task_id ?? id]));
  return { kind: 'spawn', children, note: { phase, versions: { ...versions, ...revised } } };
}

async function loadPlanned({ work }: Pick<Standing, 'work'>): Promise<ReadonlyMap<string, SubTask>> {
  const record = await loadRecord(work.tools.flow.store, work.data.run_id);
  return new Map((record?.plan?.sub_tasks ?? []).map((task) => [task.task_id, task]));
}

type Escalation = { readonly reason: string; readonly verdict: ReviewVerdict | undefined };

async function escalate(standing: Standing, state: Review, { reason, verdict }: Escalation): Promise<Step> {
  const quality = verdict?.score ?? undefined;
  const { escalate: way, stronger } = state.spec;
  switch (way) {
    case 'accept':
      return finish(state, { quality, warning: reason });
    case 'fail':
      return { kind: 'fail', reason: new BatonError('review_failed', reason) };
    case 'interrupt':
      return { ...finish(state, { quality, warning: reason }), asks: true };
    case 'stronger':
      return revise(standing, state, {
        tasks: Object.keys(state.versions).filter((id) => state.spec.revise?.includes(id) ?? true),
        verdict,
        phase: 'stronger',
        agent: stronger,
      });
    default:
      return way satisfies never;
  }
}

function finish({ versions, results }: Review, judged: { quality?: number | undefined; warning?: string }) {
  const texts = Object.entries(versions).map(([task, at]) => [task, results.get(at)?.response ?? ''] as const);
  const response = texts.length === 1 ? (texts[0]?.[1] ?? '') : JSON.stringify(Object.fromEntries(texts));
  return {
    kind: 'complete',
    delivery: { response, confidence: null, usage: null, truncated: false, ...judged },
  } as const;
}

const outcomes: Readonly<Record<NextReview['kind'], ReviewOutcome>> = {
  accept: 'approved',
  revise: 'needs_revision',
  critical: 'critical_failure',
  ask_again: 'unreadable',
  escalate: 'escalated',
};

function scored(state: Review, next: NextReview, verdict: ReviewVerdict | undefined): Said {
  const detail = {
    round: state.revisions,
    outcome: outcomes[next.kind],
    reviewer: state.answer?.agent_id ?? '',
    score: verdict?.score ?? null,
    feedback: verdict?.feedback ?? '',
    diffs: revisionDiffs(state),
    reason: 'reason' in next ? next.reason : null,
  };
  const score = detail.score === null ? '' : `, score ${detail.score}`;
  return { name: 'review.scored', data: `${detail.outcome}${score}`, detail };
}

import type { Fault } from '../contracts/error.ts';
import { TaskId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import { isChildId } from './map-children.ts';
import { draftId, hasOwnReview } from './own-reviews.ts';

/** What is wrong with single tasks by what they are: maps, reviews, votes, the ids of what they add, joins. Each fault with its place in the plan. */
export function badKinds(plan: Plan): readonly Fault[] {
  const adding = plan.sub_tasks.filter(addsTasks).map(({ task_id }) => task_id);
  const drafts = new Set(plan.sub_tasks.filter(hasOwnReview).map(({ task_id }) => draftId(task_id)));
  return plan.sub_tasks.flatMap((task, index) => {
    const at = `sub_tasks[${index}]`;
    const own = [
      ...badMap(task, at),
      ...badReview(task, at),
      ...badVote(task, at),
      ...badTalk(task, at),
      ...badProgram(task, at),
      ...badJoin(task, at),
    ];
    return [...own, ...badName(task, at), ...takenIds(task, { adding, drafts }, at)];
  });
}

/** Whether a task works through others that it adds. */
function addsTasks(task: SubTask): boolean {
  return ['map', 'review', 'vote', 'talk', 'program'].includes(task.kind) || hasOwnReview(task);
}

function badMap({ kind, map, depends_on }: SubTask, at: string): readonly Fault[] {
  const path = `${at}.map`;
  if (kind !== 'map') return map === undefined ? [] : [misplaced(path, 'map', kind)];
  if (map === undefined) return [{ path, message: 'a task of kind "map" needs "map", which says where its list is' }];
  if (!('task' in map.over) || depends_on.includes(map.over.task)) return [];
  const message = `"${map.over.task}" has the list, so it must stand in depends_on`;
  return [{ path: `${path}.over.task`, message }];
}

function badReview({ kind, review, depends_on }: SubTask, at: string): readonly Fault[] {
  const path = `${at}.review`;
  if (kind === 'approval' && review !== undefined) return [{ path, message: 'a human’s answer is not reviewed' }];
  const faults: Fault[] = [];
  if (kind === 'review' && depends_on.length === 0)
    faults.push({ path: `${at}.depends_on`, message: 'a task of kind "review" needs what it reviews in depends_on' });
  if (review?.escalate === 'stronger' && review.stronger === undefined)
    faults.push({ path: `${path}.stronger`, message: 'with escalate "stronger" expected the id of that agent' });
  const strangers = kind === 'review' ? (review?.revise ?? []).filter((id) => !depends_on.includes(id)) : [];
  return [
    ...faults,
    ...strangers.map((id) => ({ path: `${path}.revise`, message: `"${id}" is not reviewed: it is not in depends_on` })),
  ];
}

function badVote({ kind, consensus, agent }: SubTask, at: string): readonly Fault[] {
  const path = `${at}.consensus`;
  if (kind !== 'vote') return consensus === undefined ? [] : [misplaced(path, 'consensus', kind, 'vote')];
  if (agent !== undefined) return [{ path: `${at}.agent`, message: 'several agents vote: leave the pin out' }];
  if (consensus?.quorum === undefined || consensus.quorum <= consensus.agents) return [];
  return [{ path: `${path}.quorum`, message: `expected at most the ${consensus.agents} agents that are asked` }];
}

/** Each turn has the task's input_data and what is told of the talk. */
const TALK_INPUT_BYTES = limits.inputBytes / 2;

function badTalk({ kind, talk, agent, input_data }: SubTask, at: string): readonly Fault[] {
  const path = `${at}.talk`;
  if (kind !== 'talk') return talk === undefined ? [] : [misplaced(path, 'talk', kind)];
  if (talk === undefined) return [{ path, message: 'a task of kind "talk" needs "talk", which says who talks' }];
  const faults: Fault[] = [];
  if (agent !== undefined) faults.push({ path: `${at}.agent`, message: 'several agents talk: leave the pin out' });
  if (new TextEncoder().encode(JSON.stringify(input_data)).length > TALK_INPUT_BYTES)
    faults.push({ path: `${at}.input_data`, message: `expected at most ${TALK_INPUT_BYTES} bytes for a talk` });
  return faults;
}

/** Each question to its agent has the task's input_data and what is known of its steps. */
const PROGRAM_INPUT_BYTES = limits.inputBytes / 2;

function badProgram({ kind, agent, input_data }: SubTask, at: string): readonly Fault[] {
  if (kind !== 'program') return [];
  const faults: Fault[] = [];
  if (agent === undefined)
    faults.push({ path: `${at}.agent`, message: 'a task of kind "program" needs "agent", which serves the program' });
  if ('program' in input_data)
    faults.push({ path: `${at}.input_data.program`, message: 'baton tells a program of its steps by this name' });
  if (new TextEncoder().encode(JSON.stringify(input_data)).length > PROGRAM_INPUT_BYTES)
    faults.push({ path: `${at}.input_data`, message: `expected at most ${PROGRAM_INPUT_BYTES} bytes for a program` });
  return faults;
}

function misplaced(path: string, field: string, kind: string, wanted = field): Fault {
  return { path, message: `only a task of kind "${wanted}" has "${field}", and this one is "${kind}"` };
}

function badJoin({ join, depends_on }: SubTask, at: string): readonly Fault[] {
  if (join === undefined || depends_on.length > 0) return [];
  return [{ path: `${at}.join`, message: 'a join of zero: name its branches in depends_on, or leave the join out' }];
}

/** What a task adds is called after it, which has to be an id too. */
function badName(task: SubTask, at: string): readonly Fault[] {
  const names = [
    ...(addsTasks(task) ? [`${task.task_id}.${limits.mapItems - 1}`] : []),
    ...(hasOwnReview(task) ? [`${draftId(task.task_id)}.${limits.mapItems - 1}`] : []),
  ];
  const long = names.find((name) => !TaskId.safeParse(name).success);
  if (long === undefined) return [];
  const message = `"${long}", as one of its items would be called, is too long for an id; give the ${task.kind} task a shorter one`;
  return [{ path: `${at}.task_id`, message }];
}

type Taken = { readonly adding: readonly string[]; readonly drafts: ReadonlySet<string> };

function takenIds({ task_id, kind }: SubTask, { adding, drafts }: Taken, at: string): readonly Fault[] {
  const path = `${at}.task_id`;
  const adder = adding.find((id) => isChildId(task_id, id));
  if (adder !== undefined)
    return [
      { path, message: `"${task_id}" is what an item of the map task "${adder}" is called; give this task another id` },
    ];
  if (!drafts.has(task_id)) return [];
  return [
    { path, message: `"${task_id}" is what the work of a reviewed task is called; give this ${kind} task another id` },
  ];
}

import type { Fault } from '../contracts/error.ts';
import { TaskId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import type { Plan, SubTask } from '../contracts/plan.ts';
import { isChildId } from './map-children.ts';

/** What is wrong with single tasks by what they are: maps, their items' ids, joins. Each fault with its place in the plan. */
export function badKinds(plan: Plan): readonly Fault[] {
  const maps = new Set(plan.sub_tasks.filter(({ kind }) => kind === 'map').map(({ task_id }) => task_id));
  return plan.sub_tasks.flatMap((task, index) => {
    const at = `sub_tasks[${index}]`;
    return [...badMap(task, at), ...badJoin(task, at), ...takenIds(task, maps, at)];
  });
}

function badMap({ task_id, kind, map, depends_on }: SubTask, at: string): readonly Fault[] {
  const path = `${at}.map`;
  if (kind !== 'map') {
    return map === undefined
      ? []
      : [{ path, message: `only a task of kind "map" has "map", and this one is "${kind}"` }];
  }
  if (map === undefined) return [{ path, message: 'a task of kind "map" needs "map", which says where its list is' }];
  const faults: Fault[] = [];
  if ('task' in map.over && !depends_on.includes(map.over.task)) {
    const message = `"${map.over.task}" has the list, so it must stand in depends_on`;
    faults.push({ path: `${path}.over.task`, message });
  }
  const last = `${task_id}.${limits.mapItems - 1}`;
  if (!TaskId.safeParse(last).success) {
    const message = `"${last}", as one of its items would be called, is too long for an id; give the map task a shorter one`;
    faults.push({ path: `${at}.task_id`, message });
  }
  return faults;
}

function badJoin({ join, depends_on }: SubTask, at: string): readonly Fault[] {
  if (join === undefined || depends_on.length > 0) return [];
  return [{ path: `${at}.join`, message: 'a join of zero: name its branches in depends_on, or leave the join out' }];
}

/** A map's children are called after it and their place in its list. */
function takenIds({ task_id }: SubTask, maps: ReadonlySet<string>, at: string): readonly Fault[] {
  const map = [...maps].find((id) => isChildId(task_id, id));
  if (map === undefined) return [];
  const message = `"${task_id}" is what an item of the map task "${map}" is called; give this task another id`;
  return [{ path: `${at}.task_id`, message }];
}

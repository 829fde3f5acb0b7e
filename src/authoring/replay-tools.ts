import { BatonError } from '../contracts/error.ts';
import {
  checkNeeds,
  type Gather,
  isGather,
  type JoinOptions,
  type Need,
  type Sketch,
  type TaskHandle,
} from './handle.ts';
import type { Steps } from './replay-steps.ts';
import { type Doer, sketchApproval, sketchTask } from './task.ts';
import type { FlowTools } from './tools.ts';

/** What the function of a flow works with while it is replayed. */
export function replayTools(steps: Steps): FlowTools {
  const gather = (kind: Gather['kind'], of: Gather['of'], join: JoinOptions = {}) => {
    checkNeeds(of);
    return steps.gather({ kind, of, join });
  };
  const tools = {
    task: (who: Doer, options: object = {}) => addReviewed(steps, joined(steps, sketchTask(who, options))),
    approve: (question: string, options = {}) => steps.add(sketchApproval(question, options)),
    all: (of: Gather['of']) => gather('all', of),
    race: (of: Gather['of']) => gather('race', of),
    join: (of: Gather['of'], join?: JoinOptions) => gather('join', of, join),
  };
  return tools as unknown as FlowTools; // the types of results exist for whoever writes the function
}

/** A step's own join is one of what it needs. */
function joined(steps: Steps, sketch: Sketch): Sketch {
  if (!('join' in sketch.fields)) return sketch;
  const { join, ...fields } = sketch.fields;
  return {
    ...sketch,
    fields,
    needs: [steps.gather({ kind: 'join', of: sketch.needs.map(single), join: join as JoinOptions })],
  }; // its type in TaskOptions
}

function single(need: Need): TaskHandle<unknown> {
  if (!isGather(need)) return need;
  throw new BatonError('invalid_plan', 'A task with a join needs single tasks: its join is theirs.');
}

/** As plan/own-reviews.ts has it: the work and its review are two steps, and the second one gives the result. */
function addReviewed(steps: Steps, sketch: Sketch): TaskHandle<unknown> {
  const { review, approval, ...work } = sketch.fields;
  if (review === undefined || work.kind === 'review') return steps.add(sketch);
  const draft = steps.add({ ...sketch, name: `${sketch.name}.draft`, fields: work });
  const { description, required_capability, input_data, optional, priority } = work;
  const fields = { description, required_capability, input_data, optional, priority, kind: 'review', review, approval };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return steps.add({
    ...sketch,
    fields: given as Sketch['fields'], // without what is undefined
    ...{ needs: [draft], after: [], over: undefined, revise: undefined },
  });
}

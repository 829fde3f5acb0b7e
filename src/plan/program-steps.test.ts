import { expect, test } from 'vitest';
import { SubTask } from '../contracts/plan.ts';
import { type LoggedProgramStep, programLimits } from '../contracts/program.ts';
import { programAsk, withLog, withoutLog } from './program-steps.ts';

const task = SubTask.parse({
  task_id: 'p',
  kind: 'program',
  agent: 'a',
  description: 'x',
  required_capability: 'custom',
});
const at = { task, job: { queue: 'q', id: 'j' }, place: 500, idOf: new Map(), leftMs: undefined };

const failed = (message: string): readonly LoggedProgramStep[] =>
  Array.from({ length: programLimits.steps }, (_, n) => ({
    ...{ key: `k${n}`, task_id: `p.${n}`, status: 'failed' as const, agent_id: 'a' },
    error: { code: 'agent_failed', message },
  }));

test('a program hears of all of its steps, and of each text that there is', () => {
  const steps = [...failed('no'), { key: 'good', task_id: 'p.400', status: 'completed' as const }];
  const { depends_on, input_data } = programAsk(at, ['before'], steps).task;
  expect(depends_on).toEqual(['before', 'p.400']);
  expect(input_data).toEqual({ program: { version: 1, steps } });
});

test('the question is kept without the list, and is whole again with it', () => {
  const steps = failed('no');
  const child = programAsk(at, [], steps);
  expect(withoutLog(child).task.input_data).toEqual({});
  expect(withLog(withoutLog(child), steps)).toEqual(child);
});

test('more than a task may hold is an error that ends the program, and not one that is tried again', () => {
  const ask = () => programAsk(at, [], failed('\u6f22'.repeat(programLimits.logChars)));
  expect(ask).toThrow(expect.objectContaining({ code: 'output_too_large', retryable: false }));
  expect(ask).toThrow('input_data');
});

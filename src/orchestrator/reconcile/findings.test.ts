import { expect, test } from 'vitest';
import type { InspectedJob } from '../../flow/inspect.ts';
import { findingsOf } from './findings.ts';
import type { InspectedTask, Inspection } from './inspect-run.ts';

const NOW = 1_000_000;
const LONG_AGO = NOW - 60_000;

const missing: InspectedJob = { state: 'missing', waitsFor: [], isWaiting: false };
const ended: InspectedJob = { ...missing, state: 'ended' };
const alive: InspectedJob = { ...missing, state: 'alive' };
const waiting = (...waitsFor: string[]): InspectedJob => ({ ...alive, waitsFor, isWaiting: true });

const task = (id: string, job: InspectedJob, rest: Partial<InspectedTask> = {}): InspectedTask => ({
  ...{ id, ...job, job: { queue: 'cap-custom', id }, key: `key:${id}`, parent: undefined, isSettled: false },
  ...rest,
});
const settled = (id: string, job: InspectedJob = ended) => task(id, job, { isSettled: true });

/** A run whose tasks are at work, and what is different about it. */
const inspection = (different: Partial<Inspection>): Inspection => ({
  ...{ now: NOW, hasMoved: false, stop: null, plan: null, planned: true, submitted: true, deadlineAt: undefined },
  ...{ reused: [], replaced: [], planJob: ended, closeJob: missing, root: waiting('key:a'), tasks: [task('a', alive)] },
  ...{ joins: [], asks: [], turn: { state: 'free' } },
  ...different,
});

const kindsOf = (different: Partial<Inspection>) =>
  findingsOf(inspection(different)).map((finding) =>
    'task' in finding ? `${finding.kind} ${finding.task.id}` : finding.kind,
  );

const stop = { as: 'cancelled', code: 'cancelled', message: '' } as const;
const place = { id: 's', on_busy: 'enqueue' } as const;
const join = { task: 'j', graceAt: undefined, timeoutAt: undefined, round: 1 };
const child = (job: InspectedJob) => task('m.0', job, { parent: 'm' });

test.each<[string, Partial<Inspection>, readonly string[]]>([
  ['at work', {}, []],
  ['whose tasks wait', { tasks: [task('a', alive), task('b', waiting('key:a'))] }, []],
  [
    'that waits for its turn',
    { planned: false, planJob: missing, root: missing, tasks: [], turn: { state: 'waits' } },
    [],
  ],
  [
    'whose turn has come',
    { planned: false, planJob: missing, root: missing, tasks: [], turn: { state: 'due', place } },
    ['turn_due'],
  ],
  ['being planned', { planned: false, submitted: false, planJob: alive, root: missing, tasks: [] }, []],
  ['being submitted', { submitted: false, planJob: alive, root: missing, tasks: [task('a', missing)] }, []],
  ['whose answer is being written', { root: alive, tasks: [settled('a')] }, []],
  ['about to be closed', { stop, closeJob: alive, tasks: [task('a', missing)] }, []],
  ['that ended while it was looked at', { hasMoved: true, root: ended, tasks: [task('a', missing)] }, []],
  [
    'before its deadline, its grace and its expiry',
    {
      ...{ deadlineAt: NOW + 1, joins: [{ ...join, graceAt: NOW + 1, timeoutAt: NOW + 1 }] },
      asks: [{ id: 'q', expiresAt: NOW + 1 }],
    },
    [],
  ],
  [
    'whose timers are a little late',
    {
      ...{ deadlineAt: NOW - 1, joins: [{ ...join, graceAt: NOW - 1 }], asks: [{ id: 'q', expiresAt: NOW - 1 }] },
    },
    [],
  ],
  ['whose map task has not added its children', { tasks: [task('m', alive), child(missing)] }, []],
])('nothing is wrong with a run %s', (_what, different, kinds) => {
  expect(kindsOf(different)).toEqual(kinds);
});

test.each<[string, Partial<Inspection>, readonly string[]]>([
  ['that nobody plans', { planned: false, submitted: false, planJob: missing, tasks: [] }, ['not_submitted']],
  ['that nobody submits', { submitted: false, tasks: [task('a', missing)] }, ['not_submitted']],
  ['that nobody closes', { stop }, ['not_closed']],
  ['whose close job has failed', { stop, closeJob: ended }, ['not_closed']],
  ['past its deadline', { deadlineAt: LONG_AGO, planned: false, submitted: false }, ['past_deadline']],
  ['without the job of a task', { tasks: [task('a', missing), task('b', alive)] }, ['lost a']],
  ['one of whose jobs has failed', { tasks: [task('a', ended)] }, ['lost a']],
  [
    'whose child was removed while its map task waits',
    { tasks: [task('m', waiting('key:m.0')), child(missing)] },
    ['lost m.0'],
  ],
  ['whose child has failed while its map task looks again', { tasks: [task('m', alive), child(ended)] }, ['lost m.0']],
  ['whose map task is gone with a child', { tasks: [task('m', missing), child(missing)] }, ['lost m', 'lost m.0']],
  [
    'with an edge of a task that has settled',
    { tasks: [settled('a'), task('b', waiting('key:a'))], root: waiting('key:b') },
    ['unresolved a'],
  ],
  ['whose root waits for a task that has settled and is gone', { tasks: [settled('a', missing)] }, ['unresolved a']],
  ['with a task that waits for nothing', { tasks: [task('a', alive), task('b', waiting())] }, ['unreleased b']],
  ['whose root waits for nothing', { tasks: [settled('a')], root: waiting() }, ['root_unreleased']],
  ['without a root', { tasks: [settled('a')], root: missing }, ['no_root']],
  ['whose root has failed', { tasks: [settled('a')], root: ended }, ['no_root']],
  ['whose join is past its grace', { joins: [{ ...join, graceAt: LONG_AGO, timeoutAt: LONG_AGO }] }, ['timer_lost']],
  ['whose join is past its time', { joins: [{ ...join, timeoutAt: LONG_AGO }] }, ['timer_lost']],
  ['one of whose questions has expired', { asks: [{ id: 'q', expiresAt: LONG_AGO }] }, ['ask_expired']],
  [
    'that waits for an answer about its plan too long',
    {
      ...{
        planned: false,
        submitted: false,
        planJob: waiting('mark'),
        tasks: [],
        asks: [{ id: 'q', expiresAt: LONG_AGO }],
      },
    },
    ['ask_expired'],
  ],
])('a run %s is found', (_what, different, kinds) => {
  expect(kindsOf(different)).toEqual(kinds);
});

test('a task that is removed while the root is gone: the root is not added before all have settled', () => {
  expect(kindsOf({ root: missing, tasks: [task('a', alive), settled('b')] })).toEqual([]);
});

test('a task that a patch has added is not lost before the task that it makes up for has settled: that one adds its job', () => {
  const added = task('bad.r1', missing, { addedFor: 'bad' });
  expect(kindsOf({ tasks: [task('bad', alive), added] })).toEqual([]);
  expect(kindsOf({ tasks: [settled('bad'), added] })).toEqual(['lost bad.r1']);
  expect(kindsOf({ tasks: [task('bad', alive), { ...added, ...ended }] })).toEqual(['lost bad.r1']);
});

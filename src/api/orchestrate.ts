import type { Express, Request, Response } from 'express';
import { BatonError, type ErrorCode, errorCatalogue } from '../contracts/error.ts';
import type { RunView } from '../contracts/run.ts';
import { submitRun } from '../orchestrator/submit-run.ts';
import { linksOf, viewRun } from '../orchestrator/view-run.ts';
import { refuseWhenFull } from './admission.ts';
import { boundedRequest } from './bounded-request.ts';
import { seedFormat } from './event-format.ts';
import { followRun } from './follow-run.ts';
import { parseRunRequest, readJson } from './json-body.ts';
import { idempotencyOf } from './request-headers.ts';
import { addRoute, type Handler } from './route.ts';
import { streamRun } from './run-events.ts';
import { collectEvent, type TaskEvents, toSeedAnswer } from './seed-answer.ts';
import type { Door } from './tools.ts';
import { openWait } from './wait.ts';

/** The longest an answer is waited for; the run itself goes on. */
const ORCHESTRATE_MS = 600_000;

/** The seed's two endpoints, over the same use cases as /v1/runs. */
export function addSeedRoutes(app: Express, door: Door): void {
  addRoute(app, '/orchestrate', { post: [...readJson, refuseWhenFull(door), orchestrate(door)] });
  addRoute(app, '/orchestrate/stream', { post: [...readJson, refuseWhenFull(door), orchestrateStream(door)] });
}

/** 200 with the answer; the error's own status when the run fails; 504 when it has not ended after `orchestrateMs`. */
function orchestrate(door: Door): Handler {
  return async (request, response) => {
    const run = await submit(door, request, response);
    const tasks: TaskEvents = new Map();
    const wait = openWait({ response, draining: door.draining, timeoutMs: door.orchestrateMs ?? ORCHESTRATE_MS });
    try {
      const onEvent = collectEvent.bind(null, tasks);
      const ended = await followRun(door.reader, { run, signal: wait.signal, onEvent });
      if (wait.ended() === 'left') return;
      if (!ended) throw unfinished(run, wait.ended() === 'draining');
    } finally {
      wait.close();
    }
    response.json(toSeedAnswer(completed(await viewRun(door.flow.store, run)), tasks));
  };
}

function orchestrateStream(door: Door): Handler {
  return async (request, response) => {
    const run = await submit(door, request, response);
    await streamRun(door, response, { run, after: undefined, format: seedFormat });
  };
}

async function submit(door: Door, request: Request, response: Response): Promise<string> {
  const body = parseRunRequest(request.body);
  const idempotency = idempotencyOf(request.get('Idempotency-Key'), body);
  const { run } = await submitRun(door.flow, boundedRequest(door, body), idempotency);
  response.location(linksOf(run).self);
  return run;
}

function unfinished(run: string, draining: boolean): BatonError {
  const where = `It goes on: see ${linksOf(run).self}`;
  return draining
    ? new BatonError('draining', `${errorCatalogue.draining.text} ${where}`)
    : new BatonError('still_running', `${errorCatalogue.still_running.text} ${where}`);
}

/** A run that did not complete is an error, never a 200 (mission A10). */
function completed(view: RunView | undefined): RunView {
  if (view === undefined) throw new BatonError('run_not_found');
  if (view.status === 'completed') return view;
  if (view.status === 'cancelled') throw new BatonError('run_cancelled');
  const { code = 'run_failed', message } = view.error ?? {};
  throw new BatonError(isErrorCode(code) ? code : 'run_failed', message);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

import type { Request, Response } from 'express';
import type { RunAccepted, RunView } from '../contracts/run.ts';
import { type Submitted, submitRun } from '../orchestrator/submit-run.ts';
import { linksOf, viewRun } from '../orchestrator/view-run.ts';
import { chooseStreamOrJson } from './accept.ts';
import { boundedRequest } from './bounded-request.ts';
import { followRun } from './follow-run.ts';
import { parseRunRequest } from './json-body.ts';
import { cursorOf, idempotencyOf, waitSecondsOf } from './request-headers.ts';
import type { Handler } from './route.ts';
import { streamRun } from './run-events.ts';
import type { Door } from './tools.ts';
import { openWait } from './wait.ts';

const POLL_AFTER_SECONDS = 1;

/**
 * POST /v1/runs: 202 with the run's address; 200 with the whole run when `Prefer: wait=N` saw its end; its events when `Accept`
 * asks for a stream. The run goes on when the client leaves.
 */
export function createRun(door: Door): Handler {
  return async (request, response) => {
    const format = chooseStreamOrJson(request, response);
    const body = parseRunRequest(request.body);
    const idempotency = idempotencyOf(request.get('Idempotency-Key'), body);
    // Without a key this is a new run, of which the client cannot have seen anything.
    const after = idempotency && cursorOf(request.get('Last-Event-ID'), request.query.after);
    const submitted = await submitRun(door.flow, boundedRequest(door, body), idempotency);
    await answerAccepted(door, { request, response }, { ...submitted, after, format });
  };
}

type Answering = Submitted & {
  /** Where the client's events begin, and the form it wants them in; null for JSON. */
  readonly after: string | undefined;
  readonly format: ReturnType<typeof chooseStreamOrJson>;
};

/** Answers for a run that was accepted: with its events, with its end when the client waits for that, else with 202. */
export async function answerAccepted(
  door: Door,
  { request, response }: { readonly request: Request; readonly response: Response },
  { run, status, after, format }: Answering,
): Promise<void> {
  const links = linksOf(run);
  response.location(links.self);
  if (format !== null) return streamRun(door, response, { run, after, format });

  const seconds = waitSecondsOf(request.get('Prefer'));
  const view = seconds === 0 ? undefined : await waitForEnd(door, run, { response, timeoutMs: seconds * 1_000 });
  if (view !== undefined) {
    response.set('Preference-Applied', `wait=${seconds}`).json(view);
    return;
  }
  const accepted: RunAccepted = { run_id: run, status, links };
  response.status(202).set('Retry-After', `${POLL_AFTER_SECONDS}`).json(accepted);
}

type Patience = { readonly response: Response; readonly timeoutMs: number };

/** The run at its end; undefined when that did not come in time, or nobody waits for it any more. */
async function waitForEnd(door: Door, run: string, patience: Patience): Promise<RunView | undefined> {
  const wait = openWait({ ...patience, draining: door.draining });
  try {
    const ended = await followRun(door.reader, { run, signal: wait.signal });
    return ended ? await viewRun(door.flow.store, run) : undefined;
  } finally {
    wait.close();
  }
}

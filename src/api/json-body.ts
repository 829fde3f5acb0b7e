import express, { type RequestHandler } from 'express';
import type { z } from 'zod';
import { BatonError, faultsOf, faultyError, parseOr } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { RunRequest } from '../contracts/run.ts';

/** Levels of a body. Whoever copies a value recursively (JSON.stringify does) must not run out of stack. */
const NESTING_MAX = 100;

/**
 * Before a handler that takes a body: reads it into `request.body`. Throws unsupported_media_type for anything but JSON (a form of
 * another site cannot send that without asking, S10), body_too_large, invalid_json. Compressed bodies are refused.
 */
export const readJson: readonly RequestHandler[] = [
  (request, _response, next) => {
    // null: there is no body at all, which the schema refuses.
    if (request.is('application/json') === false) throw new BatonError('unsupported_media_type');
    next();
  },
  express.json({ limit: limits.bodyBytes, inflate: false, strict: false, type: () => true }),
];

/** A body as `schema` has it; throws invalid_request that names every fault. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  rejectDeep(body);
  return parseOr(schema, body, 'invalid_request');
}

/** The body of a new run; throws as parseWithPlan does. */
export function parseRunRequest(body: unknown): RunRequest {
  return parseWithPlan(RunRequest, body);
}

/** A body with a plan in it, perhaps; throws invalid_plan when that has faults, else invalid_request. */
export function parseWithPlan<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  rejectDeep(body);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error);
  const inPlan = faults.find(({ path }) => /^plan\b/.test(path));
  throw faultyError(inPlan === undefined ? 'invalid_request' : 'invalid_plan', faults, { first: inPlan });
}

/** Throws invalid_request for a body with too many levels. */
export function rejectDeep(body: unknown): void {
  if (isWithin(body, NESTING_MAX)) return;
  const message = `expected at most ${NESTING_MAX} levels of arrays and objects`;
  throw faultyError('invalid_request', [{ path: '', message }]);
}

/** Whether a parsed JSON value has at most `levels` levels; level by level, because recursion is what it guards against. */
export function isWithin(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === levels) return false;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return true;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

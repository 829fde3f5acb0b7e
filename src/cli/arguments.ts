import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { Capability } from '../contracts/agent.ts';
import { BatonError, parseOr } from '../contracts/error.ts';
import { Plan } from '../contracts/plan.ts';

/** A parser for commander: a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** `a,b` as capabilities, each once. */
export function capabilities(text: string): readonly Capability[] {
  const names = [...new Set(words(text))];
  return names.map((name) => {
    const capability = Capability.safeParse(name);
    if (capability.success) return capability.data;
    throw new InvalidArgumentError(`There is no capability "${name}"; there are ${Capability.options.join(', ')}.`);
  });
}

/** `a,b` as words. */
export function words(text: string): readonly string[] {
  return text.split(',').map((word) => word.trim());
}

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('Expected an http or https URL.');
}

/** The plan in a JSON file. Throws invalid_plan that names the file, or each fault of the plan's form. */
export async function loadPlan(file: string): Promise<Plan> {
  return parseOr(Plan, await loadJson(file), 'invalid_plan');
}

/** The JSON of a file that should hold a plan, unchecked. Throws invalid_plan that names the file. */
export async function loadJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new BatonError('invalid_plan', `Cannot read the plan: ${error.message}`, { cause: error });
  });
  return parseJson(file, text);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BatonError('invalid_plan', `Expected JSON in ${file}: ${reason}`, { cause: error });
  }
}

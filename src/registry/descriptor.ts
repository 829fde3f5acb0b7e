import { AgentDescriptor } from '../contracts/agent.ts';
import { BatonError, type ErrorCode, type Fault, faultyError, parseOr } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';

/** Why an agent may not have this address, or null (outbound/address-policy.ts, with the policy of the settings). */
export type WhyRefused = (url: string) => string | null;

/** Keys that would reach an object's prototype wherever somebody merges or copies by name (fault 49). */
const prototypeKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * A descriptor that came from outside, as parsed JSON. Throws invalid_request that names every fault: a key of a prototype anywhere in
 * it, its size, what the contract says; and address_refused for an address that agents may not have.
 */
export function parseDescriptor(value: unknown, whyRefused: WhyRefused): AgentDescriptor {
  refuseWith('invalid_request', [...prototypeFaults(value), ...sizeFaults(value)]);
  const agent = parseOr(AgentDescriptor, value, 'invalid_request');
  refuseWith('address_refused', addressFaults(agent, whyRefused));
  return agent;
}

/** What is wrong with the addresses of an agent. */
export function addressFaults({ endpoint, a2a }: AgentDescriptor, whyRefused: WhyRefused): readonly Fault[] {
  const addresses = { endpoint, 'a2a.card_url': a2a?.card_url ?? null };
  return Object.entries(addresses).flatMap(([path, url]) => {
    const message = url === null ? null : whyRefused(url);
    return message === null ? [] : [{ path, message }];
  });
}

function refuseWith(code: ErrorCode, faults: readonly Fault[]): void {
  if (faults.length > 0) throw faultyError(code, faults);
}

function sizeFaults(value: unknown): readonly Fault[] {
  const bytes = Buffer.byteLength(textOf(value));
  if (bytes <= limits.descriptorBytes) return [];
  return [{ path: '', message: `expected a descriptor of at most ${limits.descriptorBytes} bytes, came ${bytes}` }];
}

/** Its JSON. Throws invalid_request for what is nested so deeply that it has none. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch (cause) {
    throw new BatonError('invalid_request', 'The descriptor is nested too deeply.', { cause });
  }
}

/** Level by level, because a deep value is no reason to run out of stack. */
export function prototypeFaults(value: unknown): readonly Fault[] {
  const faults: Fault[] = [];
  let level: readonly Place[] = [{ path: '', value }];
  while (level.length > 0) {
    level = level.flatMap(({ path, value: container }) => {
      if (typeof container !== 'object' || container === null) return [];
      return Object.entries(container).map(([key, item]) => {
        const at = Array.isArray(container) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
        if (prototypeKeys.has(key)) faults.push({ path: at, message: `expected another key than "${key}"` });
        return { path: at, value: item };
      });
    });
  }
  return faults;
}

type Place = { readonly path: string; readonly value: unknown };

import type { DiscoveryState } from '../contracts/agent-view.ts';
import type { BatonError } from '../contracts/error.ts';
import type { Skipped } from './foreign.ts';

/** Hears of entries that were passed over, and of a service that does not answer or does so again: each once. */
export type DiscoveryWarning = (fields: object, text: string) => void;

export type DiscoveryWarnings = ReturnType<typeof openDiscoveryWarnings>;

/** Says each thing once: an entry with its reason until it is fine, an outage at its beginning, when its answer grows old, and at its end. */
export function openDiscoveryWarnings(onWarning: DiscoveryWarning) {
  let told: ReadonlySet<string> = new Set();
  let outage: 'none' | 'fresh' | 'stale' = 'none';
  return {
    skipped: (skipped: readonly Skipped[]): void => {
      for (const entry of skipped) {
        if (!told.has(textOf(entry))) onWarning(entry, 'an agent of the discovery service is passed over');
      }
      told = new Set(skipped.map(textOf));
    },
    silent: ({ url, agents, stale }: DiscoveryState, error: BatonError): void => {
      const now = stale ? 'stale' : 'fresh';
      if (outage === now) return;
      outage = now;
      const known = stale ? 'what it said is older than it should be, and is still used' : 'what it said last is used';
      onWarning(
        { url, agents, err: error.cause ?? error },
        `${error.message} ${known[0]?.toUpperCase()}${known.slice(1)}.`,
      );
    },
    answered: (fields: { readonly url: string; readonly agents: number }): void => {
      if (outage !== 'none') onWarning(fields, 'the discovery service answers again');
      outage = 'none';
    },
  };
}

function textOf({ agent_id, reason }: Skipped): string {
  return `${agent_id}: ${reason}`;
}

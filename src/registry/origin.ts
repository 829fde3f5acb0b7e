import { z } from 'zod';
import { AgentSource } from '../contracts/agent-view.ts';
import type { Store } from '../journal/store.ts';

const PAGE = 500;

/** What lies beside a descriptor: who put it there, and when in milliseconds by Redis's clock. */
const Origin = z.object({
  source: AgentSource.default('registered'),
  registered_at: z.number().nullable().default(null),
  updated_at: z.number().nullable().default(null),
});
type Origin = z.infer<typeof Origin>;

/** An origin as register.lua writes it; the plain one when there is none, or it cannot be read. */
export function parseOrigin(text: string | null): Origin {
  try {
    return Origin.parse(JSON.parse(text ?? '{}'));
  } catch {
    return Origin.parse({}); // of another version: the descriptor beside it is what counts
  }
}

/** Where these agents come from, in their order. */
export async function loadSources({ redis, keys }: Store, agents: readonly string[]): Promise<readonly AgentSource[]> {
  if (agents.length === 0) return [];
  const origins = await redis.hmget(keys.agentOrigins, ...agents);
  return origins.map((origin) => parseOrigin(origin).source);
}

/** The ids of all agents of one source. */
export async function loadAgentsOf({ redis, keys }: Store, source: AgentSource): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let place = '0'; ; ) {
    const [next, pairs] = await redis.hscan(keys.agentOrigins, place, 'COUNT', PAGE);
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      if (parseOrigin(pairs[i + 1] ?? null).source === source) found.add(pairs[i] ?? '');
    }
    place = next;
    if (place === '0') return [...found];
  }
}

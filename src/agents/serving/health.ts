import type { Places } from './places.ts';

/** What GET /health says: 200 when it is ok or busy (every place is taken), 503 when it is draining or failing. */
export type HealthReport = Readonly<{
  status: 'ok' | 'busy' | 'draining' | 'failing';
  agent_id: string;
  /** Calls that run, and those that wait. */
  running: number;
  queued: number;
}>;

/** The agent's own view of itself: false when it cannot serve. */
export type HealthCheck = () => boolean | Promise<boolean>;

export type AgentHealth = Readonly<{
  report(): Promise<HealthReport>;
  /** Whether the agent's own check says that it serves. Never throws. */
  isWell(): Promise<boolean>;
  /** From now on it is draining. */
  leave(): void;
}>;

export type HealthOptions = Readonly<{ agentId: string; places: Places; check: HealthCheck }>;

/** A check that takes longer counts as failed: whoever asks waits two seconds too. */
const CHECK_MS = 2_000;

export function openHealth({ agentId, places, check }: HealthOptions): AgentHealth {
  let leaving = false;
  let asking: Promise<boolean> | undefined;
  // One check at a time, however many ask.
  const isWell = (): Promise<boolean> => {
    asking ??= outcomeOf(check).finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const status = async (): Promise<HealthReport['status']> => {
    if (leaving) return 'draining';
    if (!(await isWell())) return 'failing';
    return places.isFull() ? 'busy' : 'ok';
  };
  return {
    report: async () => ({
      status: await status(),
      agent_id: agentId,
      running: places.running(),
      queued: places.queued(),
    }),
    isWell,
    leave: () => {
      leaving = true;
    },
  };
}

/** An agent that is not well is told by its status: what a check throws says no more. */
async function outcomeOf(check: HealthCheck): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), CHECK_MS);
  try {
    return (await Promise.race([check(), late.promise])) === true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

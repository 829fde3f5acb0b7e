import type { Capability } from '../../contracts/agent.ts';
import type { AgentHistory, Mean, WorkHistory } from '../../registry/agent-history.ts';

/**
 * What a planner is told of an agent's work, one line of figures per capability: "done ~50, failed ~2, quality 0.9, ~0.002 USD, ~1 s".
 * Rounded, so that a prompt changes seldom, and made of numbers alone, so that nobody's words are in it. Undefined where there is none.
 */
export function workLines(history: AgentHistory | undefined): Partial<Record<Capability, string>> | undefined {
  if (history === undefined) return undefined;
  const lines = Object.entries(history).map(([capability, work]) => [capability, workLine(work)] as const);
  const told = lines.filter(([, line]) => line !== '');
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

function workLine({ done, failed, quality, cost, latencyMs }: WorkHistory): string {
  const parts = [
    ...(done > 0 ? [`done ~${roundCount(done)}`] : []),
    ...(failed > 0 ? [`failed ~${roundCount(failed)}`] : []),
    ...told(quality, (mean) => `quality ${mean.toFixed(1)}`),
    ...told(cost, (mean) => `~${oneDigit(mean)} USD`),
    ...told(latencyMs, (mean) => `~${oneDigit(mean / 1_000)} s`),
  ];
  return parts.join(', ');
}

function told({ weight, mean }: Mean, say: (mean: number) => string): readonly string[] {
  return weight > 0 && Number.isFinite(mean) ? [say(mean)] : [];
}

/** Down to 1, 2 or 5 with as many zeros. */
function roundCount(count: number): number {
  const ten = 10 ** Math.floor(Math.log10(count));
  const first = count / ten;
  return ten * (first >= 5 ? 5 : first >= 2 ? 2 : 1);
}

/** To one digit that counts, a millionth at least. */
function oneDigit(value: number): string {
  return value < 0.000_001 ? '0' : Number(value.toPrecision(1)).toString();
}

// Choosing among 10,000 registered agents, as a worker does while others report what became of their calls.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { AgentDescriptor } from '../../src/contracts/agent.ts';
import { openChooser } from '../../src/registry/choose.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { agentOf, openChooses } from '../support/choosing.ts';
import { planOf, type TaskSketch } from '../support/plans.ts';
import { startTestRedis } from '../support/redis.ts';
import { openTestStore } from '../support/store.ts';

const AGENTS = 10_000;
const CHOICES = 3_000;
/** Apart: about as many choices as one busy worker makes. */
const EVERY_MS = 3;

const skills = ['market analysis', 'technical writing', 'law', 'tax', 'medicine'];

/** All of one capability, which is the most one choice can have to look at. */
function agentsOf(count: number): readonly AgentDescriptor[] {
  return Array.from({ length: count }, (_, index) =>
    agentOf(`agent-${index}`, {
      priority: index % 7,
      skills: [skills[index % skills.length]],
      pool: [null, 'primary', 'secondary'][index % 3],
      price: { per_call: (index % 11) / 100 },
      max_concurrent_tasks: index % 4 === 0 ? 5 : null,
      payload_schema: { required_fields: { query: 'string' } },
    }),
  );
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

test.each<[string, TaskSketch]>([
  ['a plain task', {}],
  ['an urgent task with a domain', { domain: 'market analysis', priority: 'high' }],
])(`of ${AGENTS} agents the choice for %s is made from what is known`, async (name, sketch) => {
  const redis = await startTestRedis();
  await using opened = openTestStore(redis.url);
  const registry = openRegistry(opened.store);
  const agents = agentsOf(AGENTS);
  for (let from = 0; from < AGENTS; from += 500)
    await Promise.all(agents.slice(from, from + 500).map((agent) => registry.put(agent)));
  await using chooses = openChooses(opened.store);
  for (const [index, agent] of agents.entries())
    chooses.outcomes.record({
      agent,
      latencyMs: 50 + (index % 900),
      error: index % 5 === 0 ? 'agent_failed' : undefined,
      work: { capability: 'custom', confidence: (index % 10) / 10, cost: 0.001, tokens: 100 + (index % 5_000) },
    });
  await chooses.outcomes.flush();
  const chooser = openChooser({
    registry,
    permits: chooses.permits,
    canCall: () => true,
    probe: async () => false,
    waitMs: 0,
  });
  const [task] = planOf({ t: { ...sketch, input_data: { query: 'x' } } }).sub_tasks;
  if (task === undefined) throw new Error('expected a task');

  const keepingAlive = setInterval(() => {
    // What keeps 10,000 agents healthy is not what is measured.
    const alive = opened.store.redis.pipeline();
    for (const { agent_id } of agents) alive.set(opened.store.keys.agentHealth(agent_id), 'heartbeat', 'PX', 15_000);
    void alive.exec();
  }, 10_000);
  const tookMs: number[] = [];
  for (let choice = 0; choice < CHOICES; choice += 1) {
    const began = performance.now();
    const { eligible, considered } = await chooser.now({ task, failed: [] });
    const took = performance.now() - began;
    if (choice >= 100) tookMs.push(took);
    expect(considered).toBe(AGENTS);
    expect(eligible.length).toBeGreaterThan(0);
    await pause(EVERY_MS);
  }
  clearInterval(keepingAlive);
  const sorted = tookMs.toSorted((a, b) => a - b);
  const [p50, p99, most] = [quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1)];
  console.log(
    `${name}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, most ${most.toFixed(2)} ms of ${sorted.length} choices`,
  );
  expect(p99).toBeLessThan(50); // no measure of a busy machine: the figures are for docs/testing.md
  await redis.stop();
});

// The chaos soak: `npm run chaos -- --seed S --minutes M`. Two APIs, three workers and Redis are hurt while random plans run; then an
// outside checker says what was promised and not kept. Ends with 1 when there is anything.
import { percentile } from '../../bench/figure.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { serveAgents } from './agents.ts';
import { makeBrokenBuild } from './broken-build.ts';
import { check, type Report } from './checker.ts';
import { openCluster } from './cluster.ts';
import { submitRuns } from './load.ts';
import { type Fault, hurt } from './nemesis.ts';
import { readOptions } from './options.ts';

const SHOWN = 20;
const options = readOptions();
console.log(
  `chaos: seed ${options.seed}, ${options.minutes} minutes${options.break ? `, broken: ${options.break}` : ''}`,
);

const kept = await soak();
process.exit(kept ? 0 : 1);

async function soak(): Promise<boolean> {
  await using cluster = await openCluster(options.break && makeBrokenBuild(options.break));
  await using agents = await serveAgents(cluster.apis[0]?.url ?? '');
  const random = seededRandom(options.seed);
  const signal = AbortSignal.timeout(options.minutes * 60_000);
  const [accepted, faults] = await Promise.all([
    submitRuns(cluster, options.seed, random, signal),
    hurt(cluster, seededRandom(options.seed + 1), signal),
  ]);
  const report = await check({ cluster, accepted, faults, calls: agents.calls });
  return tell(report, faults);
}

function tell(report: Report, faults: readonly Fault[]): boolean {
  const kinds = Map.groupBy(faults, ({ kind }) => kind);
  for (const [kind, injected] of kinds) console.log(`  ${kind.padEnd(20)} ${injected.length}`);
  const { recoveries, violations, ...counts } = report;
  for (const [name, count] of Object.entries(counts)) console.log(`  ${name.padEnd(20)} ${count}`);
  if (recoveries.length > 0) {
    const at = (share: number): string => `${Math.round(percentile(recoveries, share))} ms`;
    console.log(`  recovery             p50 ${at(0.5)}, p99 ${at(0.99)}, ${recoveries.length} tasks taken over`);
  }
  for (const violation of violations.slice(0, SHOWN)) console.log(`  VIOLATION ${violation}`);
  const isKept =
    report.ended === report.accepted &&
    report.accepted > 0 &&
    report.recordedTwice + report.staleAccepted === 0 &&
    report.callsAfterCancel === 0;
  console.log(violations.length === 0 && isKept ? 'every promise was kept' : 'NOT every promise was kept');
  return violations.length === 0 && isKept && faults.length > 0;
}

// bench: what baton costs, beside a plain BullMQ flow on the same machine in the same run. See README.md.

import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Figure, Workload } from './figure.ts';
import { measureFirstToken } from './first-token.ts';
import { measureHttp } from './http.ts';
import { measureChain, measureFan, measureLattice, measureSubmit } from './latency.ts';
import { findBinary, loadRedisVersion, openBenchRedis } from './redis.ts';
import { describeMachine, toJsonLine, toTable } from './report.ts';
import { measureSustained } from './sustained.ts';

/** Every wait of the bench has its own bound; this one is for whatever they leave open. */
const ROUND_MS = 180_000;

const workloads = [
  'chain',
  'fan',
  'lattice',
  'submit',
  'sustained',
  'http',
  'first-token',
] as const satisfies readonly Workload[];
const Options = z.object({
  json: z.boolean(),
  rounds: z.coerce.number().int().min(1).max(99),
  only: z.array(z.enum(workloads)),
});
type Options = z.infer<typeof Options>;

async function main(): Promise<void> {
  const { json, rounds, only } = readOptions();
  endChildrenOnSignals();
  setTimeout(giveUp, (rounds + 2) * ROUND_MS).unref();
  const binary = await findBinary();
  if (!json) console.log(`${await describe(binary)}; ${rounds} rounds\n`);
  const figures: Figure[] = [];
  for (const workload of only) {
    if (!json) process.stderr.write(`measuring ${workload} ...\n`);
    const measured = await measure(workload, { binary, rounds });
    if (json) for (const figure of measured) console.log(toJsonLine(figure));
    figures.push(...measured);
  }
  if (!json) console.log(toTable(figures));
}

async function measure(workload: Workload, options: { binary: string; rounds: number }): Promise<readonly Figure[]> {
  switch (workload) {
    case 'chain':
      return measureChain(options);
    case 'fan':
      return [...(await measureFan(100, options)), ...(await measureFan(1_000, options))];
    case 'lattice':
      return measureLattice(options);
    case 'submit':
      return measureSubmit(options);
    case 'http':
      return measureHttp(options);
    case 'sustained':
      return measureSustained(options);
    case 'first-token':
      return measureFirstToken(options.binary);
    default:
      return workload satisfies never;
  }
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true, default: [...workloads] },
    },
  });
  const options = Options.safeParse(values);
  if (options.success) return options.data;
  console.error(z.prettifyError(options.error));
  process.exit(2);
}

/** An exit ends the servers and closes the children's channels, whereupon they end too. */
function endChildrenOnSignals(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

function giveUp(): void {
  console.error('the bench has taken too long and is given up');
  process.exit(1);
}

async function describe(binary: string): Promise<string> {
  await using redis = await openBenchRedis(binary);
  return describeMachine(await loadRedisVersion(redis.connect()));
}

await main();

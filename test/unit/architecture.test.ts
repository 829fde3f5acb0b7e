import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

// The arrows of ARCHITECTURE.md, over RESOLVED paths: it also sees what Biome's patterns cannot, `import('...')` types and detours
// such as '../contracts/../journal/claim.ts'. main.ts files assemble and may import everything. Cycles are Biome's (noImportCycles).
const arrows: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  plan: ['contracts'],
  journal: ['contracts'],
  outbound: ['contracts'],
  runtime: ['contracts'],
  flow: ['contracts', 'journal'],
  streams: ['contracts', 'journal'],
  llm: ['contracts', 'outbound'],
  agents: ['contracts', 'outbound'],
  registry: ['contracts', 'plan', 'outbound'],
  orchestrator: ['contracts', 'plan', 'journal', 'flow', 'streams', 'registry', 'llm'],
  workers: ['contracts', 'plan', 'journal', 'flow', 'streams', 'registry', 'agents', 'llm'],
  api: ['contracts', 'orchestrator', 'journal', 'streams', 'registry'],
  demo: ['contracts', 'agents', 'llm'],
  client: ['contracts'],
  cli: ['client', 'contracts', 'runtime'],
};

// Where a package may be imported: rooms, or single files. A package that is not named here may be imported nowhere.
const packages: Readonly<Record<string, readonly string[]>> = {
  zod: Object.keys(arrows).filter((room) => room !== 'plan'),
  ioredis: ['journal', 'flow', 'streams', 'registry', 'runtime', 'workers'],
  bullmq: ['flow', 'workers/worker-pool.ts', 'api/dashboard.ts'],
  openai: ['llm'],
  undici: ['outbound'],
  express: ['api', 'agents'],
  helmet: ['api'],
  '@bull-board/api': ['api/dashboard.ts'],
  '@bull-board/express': ['api/dashboard.ts'],
  '@copilotkit/aimock': ['demo'],
  'eventsource-parser': ['agents', 'client'],
  pino: ['runtime'],
  commander: ['cli'],
};

const src = path.resolve('src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && path.basename(file) !== 'main.ts',
);
const specifier = /(?:^|[\s}])(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/gm;

function wrongImports(file: string, text: string): readonly string[] {
  const room = file.split(path.sep)[0] ?? '';
  const allowed = (from: string): boolean => {
    if (from.startsWith('node:')) return room !== 'contracts' && room !== 'plan' && room !== 'client';
    if (!from.startsWith('.')) return mayUse(file, from);
    const target = path.relative(src, path.resolve(src, path.dirname(file), from)).split(path.sep)[0] ?? '';
    return target === room || (arrows[room] ?? []).includes(target);
  };
  return [...text.matchAll(specifier)].flatMap(([, from = '']) => (allowed(from) ? [] : [`${file}: ${from}`]));
}

function mayUse(file: string, from: string): boolean {
  const name = from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
  return (packages[name] ?? []).some((place) => file === place || file.startsWith(`${place}${path.sep}`));
}

test('rooms import only what they may', () => {
  expect(files.flatMap((file) => wrongImports(file, readFileSync(path.join(src, file), 'utf8')))).toEqual([]);
});

test('the rooms are the folders of src', () => {
  expect([...new Set(files.map((file) => file.split(path.sep)[0] ?? ''))].toSorted()).toEqual(
    Object.keys(arrows).toSorted(),
  );
});

test.each([
  ['orchestrator/a.ts', "import { x } from '../workers/run-task.ts';"],
  ['workers/a.ts', "export type { X } from '../orchestrator/submit-run.ts';"],
  ['api/a.ts', "import { x } from '../workers/run-task.ts';"],
  ['cli/a.ts', "const x = await import('../api/server.ts');"],
  ['journal/a.ts', "type X = typeof import('../api/server.ts');"],
  ['plan/a.ts', "import { z } from 'zod';"],
  ['plan/a.ts', "import '../contracts/../journal/claim.ts';"],
  ['contracts/a.ts', "import { readFileSync } from 'node:fs';"],
  ['workers/a.ts', "import { Queue } from 'bullmq';"],
  ['orchestrator/a.ts', "import OpenAI from 'openai';"],
  ['api/a.ts', "import x from 'left-pad';"],
  ['newroom/a.ts', "import { x } from '../contracts/run.ts';"],
])('%s may not say %s', (file, text) => {
  expect(wrongImports(file, text)).toHaveLength(1);
});

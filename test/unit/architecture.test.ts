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
  registry: ['contracts', 'plan', 'journal', 'outbound'],
  orchestrator: ['contracts', 'plan', 'journal', 'flow', 'streams', 'registry', 'llm'],
  workers: ['contracts', 'plan', 'journal', 'flow', 'streams', 'registry', 'agents', 'llm'],
  api: ['contracts', 'orchestrator', 'journal', 'streams', 'registry'],
  demo: ['contracts', 'agents', 'llm'],
  client: ['contracts'],
  authoring: ['contracts', 'plan', 'agents', 'client'],
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
  '@a2a-js/sdk': ['agents', 'api', 'registry'],
  '@modelcontextprotocol/client': ['agents'],
  cockatiel: ['registry'],
  diff: ['workers/rounds/revision-diffs.ts'],
};

// outbound is the only way out: what else opens a connection, and why. Connections to Redis are those of ioredis.
const waysOut: Readonly<Record<string, string>> = {
  'client/': "the user's own client: it runs in his process and goes where he tells it",
  'cli/doctor.ts': 'asks the baton that this machine is configured for whether it is ready',
  'runtime/redis-server-process.ts': 'waits for the port of the Redis that it started on loopback',
};

const src = path.resolve('src');
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);
const files = sources.filter((file) => path.basename(file) !== 'main.ts');
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

/** What the modules of the network give that opens nothing: servers, and words about addresses. */
const harmless: ReadonlySet<string> = new Set(['createServer', 'isIP', 'isIPv4', 'isIPv6', 'STATUS_CODES', 'Server']);
const networkImport = /import\s+(type\s)?([^'";]*?)\s*from\s*['"](?:node:)?(?:http|https|http2|net|tls|dgram)['"]/g;
const indirectImport =
  /(?:import|require|getBuiltinModule)\s*\(\s*['"](?:node:)?(?:http|https|http2|net|tls|dgram)['"]/g;
const globalCall =
  /(?<![\w.$])(?:fetch\s*\(|new\s+(?:WebSocket|EventSource)\b)|(?<!typeof\s)globalThis\.(?:fetch|WebSocket|EventSource)\b/g;

/** The ways to open a connection that a file uses itself. Biome knows scopes and also sees a global that is only handed on. */
function waysOutOf(file: string, text: string): readonly string[] {
  if (file.startsWith('outbound/') || Object.keys(waysOut).some((place) => file.startsWith(place))) return [];
  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
  const imports = [...code.matchAll(networkImport)].flatMap(([, isType, names = '']) =>
    isType === undefined ? opening(names) : [],
  );
  return [...imports, ...(code.match(indirectImport) ?? []), ...(code.match(globalCall) ?? [])].map(
    (way) => `${file}: ${way}`,
  );
}

function opening(names: string): readonly string[] {
  if (!/^\{[^}]*\}$/.test(names.trim())) return [names.trim()]; // all of the module
  const values = names
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim());
  return values.filter((name) => name !== '' && !name.startsWith('type ') && !harmless.has(name.split(' ')[0] ?? ''));
}

test('nothing but outbound opens connections, with the exceptions that have a reason', () => {
  expect(sources.flatMap((file) => waysOutOf(file, readFileSync(path.join(src, file), 'utf8')))).toEqual([]);
  for (const place of Object.keys(waysOut))
    expect(
      sources.some((file) => file.startsWith(place)),
      place,
    ).toBe(true);
});

test.each([
  "import { request } from 'node:http';",
  "import { get as load } from 'node:https';",
  "import { type Server, createServer, request } from 'node:http';",
  "import http from 'node:http';",
  "import * as tls from 'node:tls';",
  "import {\n  connect,\n  type Socket,\n} from 'node:net';",
  "import { createSocket } from 'node:dgram';",
  "import { connect } from 'node:http2';",
  "const { request } = await import('node:http');",
  "const http = require('https');",
  "const net = process.getBuiltinModule('node:net');",
  'const answer = await fetch(url);',
  'const ask = globalThis.fetch;',
  "const socket = new WebSocket('ws://a');",
  "const source = new EventSource('http://a');",
])('a room may not say %j', (text) => {
  expect(waysOutOf('workers/a.ts', text)).toHaveLength(1);
  expect(waysOutOf('workers/main.ts', text)).toHaveLength(1);
  expect(waysOutOf('outbound/a.ts', text)).toEqual([]);
});

test.each([
  "import { createServer, type Server } from 'node:http';",
  "import type { Socket } from 'node:net';",
  'type Options = { fetch: typeof globalThis.fetch };',
  'const answer = await http.fetch(url);',
  'const ask = http.fetchWith({ limits });',
  '// fetch(url) and new EventSource(url)',
])('a room may say %j', (text) => {
  expect(waysOutOf('workers/a.ts', text)).toEqual([]);
});

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

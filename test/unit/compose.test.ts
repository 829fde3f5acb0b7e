import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { toAddressPolicy, whyConnectionRefused, whyRefused } from '../../src/outbound/address-policy.ts';
import { settingNames } from '../../src/runtime/config.ts';

// What a container may do is decided in two files that no type checker reads. Containers are S24 of the security catalogue.

const Service = z.object({
  image: z.string(),
  user: z.string().optional(),
  hostname: z.string().optional(),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  restart: z.string(),
  read_only: z.boolean().default(false),
  tmpfs: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  privileged: z.boolean().default(false),
  cap_add: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  mem_limit: z.string().optional(),
  pids_limit: z.number().optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
});
const Compose = z.object({
  version: z.never().optional(),
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
});

const compose = Compose.parse(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }));
const services = Object.entries(compose.services);
const service = (name: string): z.infer<typeof Service> => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};

const instructions = readFileSync('Dockerfile', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const finalStage = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));
const isPinned = (image: string): boolean => /:(?!latest$)[\w][\w.-]*$|@sha256:[0-9a-f]{64}$/.test(image);

test('the stack has a Redis, an API, workers, and what a first query needs', () => {
  expect(Object.keys(compose.services).toSorted()).toEqual(['agents', 'api', 'model', 'redis', 'worker']);
});

test.each(services)('%s runs confined: nothing to write to but /tmp and its volume, no privilege', (_name, it) => {
  expect(it).toMatchObject({ read_only: true, privileged: false, cap_add: [], cap_drop: ['ALL'] });
  expect(it.security_opt).toEqual(['no-new-privileges:true']);
  expect(it.tmpfs.every((mount) => /^\/tmp:size=\d+m$/.test(mount))).toBe(true);
});

test.each(services)('%s has limits of memory and processes, and starts again when it dies', (_name, it) => {
  expect(it.mem_limit).toMatch(/^\d+[mg]$/);
  expect(it.pids_limit).toBeGreaterThan(0);
  expect(it.restart).toBe('unless-stopped');
});

test.each(services)('%s names the version of its image', (_name, it) => {
  expect(it.image.replace(/^\$\{\w+:-(.*)\}$/, '$1')).toSatisfy(isPinned);
});

test('only the API is published, and only on loopback', () => {
  expect(services.filter(([, it]) => it.ports.length > 0).map(([name]) => name)).toEqual(['api']);
  expect(service('api').ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
});

test('Redis is reached by the API and the workers only, on a network without a way out', () => {
  const redis = service('redis');
  expect(redis.networks.map((name) => compose.networks[name]?.internal)).toEqual([true]);
  const neighbours = services.filter(([, it]) => it.networks.some((name) => redis.networks.includes(name)));
  expect(neighbours.map(([name]) => name).toSorted()).toEqual(['api', 'redis', 'worker']);
});

test('Redis keeps what it is given: an append-only file in a volume, and no eviction below its memory limit', () => {
  const { command, volumes, user } = service('redis');
  const flag = (name: string): string | undefined => command[command.indexOf(`--${name}`) + 1];
  expect(flag('appendonly')).toBe('yes');
  expect(flag('maxmemory-policy')).toBe('noeviction');
  expect(flag('maxmemory')).toMatch(/^\d+mb$/);
  expect(volumes).toEqual(['redis-data:/data']);
  expect(user).toBe('redis');
});

test('no container sees the Docker socket or a folder of the machine', () => {
  const mounts = services.flatMap(([, it]) => it.volumes);
  expect(mounts.filter((mount) => /^[./~$]/.test(mount))).toEqual([]);
});

test('every setting that is handed to a container exists, and no secret has a default', () => {
  const given = services.flatMap(([, it]) => Object.entries(it.environment));
  expect(given.filter(([name]) => !settingNames.includes(name))).toEqual([]);
  const secrets = given.filter(([name]) => /KEY|PASSWORD/.test(name));
  expect(secrets.length).toBeGreaterThan(0);
  expect(secrets.filter(([name, value]) => value !== `\${${name}:-}`)).toEqual([]);
});

test('the key of the model goes to those who ask it, the password of the dashboard to the API', () => {
  const holders = (name: string): readonly string[] =>
    services.filter(([, it]) => name in it.environment).map(([holder]) => holder);
  expect(holders('OPENAI_API_KEY').toSorted()).toEqual(['agents', 'api', 'worker']);
  expect(holders('BATON_ADMIN_PASSWORD')).toEqual(['api']);
});

test('what others wait for says when it is ready', () => {
  for (const name of ['redis', 'api', 'model']) expect(service(name).healthcheck, name).toBeDefined();
});

test('the image runs as a user that is not root, and stops on SIGTERM', () => {
  const last = (name: string): string | undefined => finalStage.findLast((line) => line.startsWith(`${name} `));
  expect(last('USER')).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
  expect(last('STOPSIGNAL')).toBe('STOPSIGNAL SIGTERM');
  expect(last('ENTRYPOINT')).toMatch(/^ENTRYPOINT \["node", /);
  expect(last('CMD')).toMatch(/^CMD \[/);
});

test('every stage of the image names the version of its base', () => {
  const bases = instructions.flatMap((line) => /^(?:FROM|ARG NODE_IMAGE=) ?(\S+)/.exec(line)?.[1] ?? []);
  expect(bases.filter((base) => base !== '$NODE_IMAGE').every(isPinned)).toBe(true);
  expect(bases).toContain('$NODE_IMAGE');
});

test('packages are installed as locked, without running their scripts, and the image has no development package', () => {
  const installs = instructions.filter((line) => /\bnpm\b/.test(line));
  expect(installs.every((line) => line.startsWith('RUN npm ci ') && line.includes(' --ignore-scripts'))).toBe(true);
  const kept = finalStage.find((line) => line.includes('node_modules'));
  const stage = /--from=(\w+)/.exec(kept ?? '')?.[1];
  const from = instructions.findIndex((line) => line.endsWith(` AS ${stage}`));
  const install = instructions.slice(from).find((line) => line.startsWith('RUN npm ci '));
  expect(install).toContain(' --omit=dev');
  expect(install).toContain(' --omit=peer --omit=optional');
});

test('the builder is given named files only, never what else lies in the folder', () => {
  const rules = readFileSync('.dockerignore', 'utf8').split('\n');
  const first = rules.find((line) => line !== '' && !line.startsWith('#'));
  expect(first).toBe('*');
  expect(rules.filter((line) => line.startsWith('!') && /env|\.git|node_modules|\.baton/.test(line))).toEqual([]);
});

test('agents are allowed where the demo agents are: by the name they register with, in the networks that Docker gives', () => {
  const [api, worker] = ['api', 'worker'].map((name) => service(name).environment.BATON_AGENT_HOSTS ?? '');
  expect(api).toBe(worker);
  const agentHosts = /^\$\{BATON_AGENT_HOSTS:-(.+)\}$/.exec(api ?? '')?.[1]?.split(',');
  const policy = toAddressPolicy({ agentHosts, production: true });
  const endpoint = `http://${service('agents').hostname}:41000`;
  expect(whyRefused(policy, endpoint)).toBeNull();
  for (const address of ['172.18.0.5', '172.31.0.2', '192.168.16.2']) {
    expect(whyConnectionRefused(policy, new URL(endpoint), [address])).toBeNull();
  }
  for (const other of ['http://redis:6379', 'http://127.0.0.1:4000', 'http://10.0.0.1', 'http://169.254.169.254']) {
    expect(whyRefused(policy, other), other).not.toBeNull();
  }
});

// Process plumbing for main files. Here: every setting of baton, and the only place that reads the environment.

import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { BatonError } from '../contracts/error.ts';
import { defaults, limits } from '../contracts/limits.ts';
import { defaultPool, parsePool, poolUnits } from '../contracts/pool.ts';
import { adminFaults, type Given, healthFaults, toFault } from './config-faults.ts';

const DAY_MS = 86_400_000;
/** The key in the seed's example: a placeholder, never to be sent to a server. */
const PLACEHOLDER_KEY = 'sk-...';

const text = (expected: string) => z.string({ error: `expected ${expected}` }).trim();
const httpUrl = () => z.url({ protocol: /^https?$/, hostname: /./, error: 'expected an http or https URL' });

function wholeNumber(min: number, max: number, unit?: string) {
  const what = unit === undefined ? 'a whole number' : `a whole number of ${unit}`;
  const expected = `expected ${what} from ${min} to ${max}`;
  return z
    .string()
    .trim()
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .pipe(z.number().min(min, expected).max(max, expected));
}

function decimalNumber(max: number, unit: string) {
  const expected = `expected a number of ${unit} from 0 to ${max}`;
  return z
    .string()
    .trim()
    .regex(/^\d{1,9}(\.\d{1,9})?$/, expected)
    .transform(Number)
    .pipe(z.number().max(max, expected));
}

/** The environment as it must be. Empty values are dropped before: they count as unset. */
const Environment = z.object({
  /** redis:// or rediss:// URL of a Redis >= 7.0 that baton neither starts nor stops. Default: unset, baton starts its own. */
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, hostname: /./, error: 'expected a URL like redis://127.0.0.1:6379/0' })
    .optional(),
  /** Key for the model's server. Default: unset; the placeholder of the examples counts as unset, so that it never looks like a key. */
  OPENAI_API_KEY: text('a key')
    .transform((key) => (key === PLACEHOLDER_KEY ? undefined : key))
    .optional(),
  /** Base URL of a server that speaks the OpenAI protocol. Default: unset, OpenAI's own. */
  OPENAI_BASE_URL: httpUrl().optional(),
  /** Model that plans and writes the answer. Default: the seed's. */
  BATON_MODEL: text('the name of a model').max(200, 'expected at most 200 characters').default(defaults.model),
  /** US dollars per million tokens that the model reads, 0 to 100,000. Default 0: what a run's money budget counts of planning and synthesis. */
  BATON_PRICE_INPUT: decimalNumber(100_000, 'US dollars').default(0),
  /** US dollars per million tokens that the model writes, 0 to 100,000. Default 0. */
  BATON_PRICE_OUTPUT: decimalNumber(100_000, 'US dollars').default(0),
  /** Base URL of an offline stand-in for the model, used when neither a key nor OPENAI_BASE_URL is set; answers are then labelled. Default: unset; `baton start` and Compose set it for their processes. */
  BATON_OFFLINE_URL: httpUrl().optional(),
  /** production refuses what is comfortable on one machine only, such as agents on loopback. Default development. */
  BATON_ENV: z
    .enum(['development', 'production'], { error: 'expected development or production' })
    .default('development'),
  /** Address the API listens on. Default 127.0.0.1, because the API is open to whoever reaches it; another one means production. */
  BATON_HOST: text('a host name or an address')
    .regex(/^[^\s/@]{1,253}$/, 'expected a host name or an address')
    .default('127.0.0.1'),
  /** Port the API listens on, 0 to 65535; 0 takes a free one. Default 4000. */
  BATON_PORT: wholeNumber(0, 65_535).default(4_000),
  /** Where agents, the CLI and links find the API: not derived from BATON_HOST, since a proxy may stand before it. Default http://127.0.0.1:4000. */
  BATON_URL: httpUrl().default('http://127.0.0.1:4000'),
  /** Folder for the data of this machine: the embedded Redis and its log. Default .baton in the working directory, one per project. */
  BATON_HOME: text('a folder').default('.baton'),
  /** ms a worker's lock on a task lasts without renewal, 500 to 600,000. Default 30,000: longer than any pause of a sane process, and bounds the take-over after a kill -9. */
  BATON_LOCK_MS: wholeNumber(500, 600_000, 'milliseconds').default(defaults.lockMs),
  /** ms between checks for tasks of dead workers, 100 to 600,000. Default 10,000: a task is taken over at the latest two checks after its lock ran out. */
  BATON_STALLED_MS: wholeNumber(100, 600_000, 'milliseconds').default(defaults.stalledMs),
  /** Tasks of one capability that one worker process runs at once, 1 to 1,000. Default 20: tasks mostly wait for agents. */
  BATON_CONCURRENCY: wholeNumber(1, 1_000, 'tasks').default(20),
  /** Least severe log line that is written. Default info. */
  BATON_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'expected fatal, error, warn, info, debug, trace or silent',
    })
    .default('info'),
  /** User name for the dashboard, with BATON_ADMIN_PASSWORD or not at all. Default: unset. */
  BATON_ADMIN_USER: text('a user name')
    .regex(/^[^:]+$/, 'expected a user name without ":"')
    .optional(),
  /** Password for the dashboard, with BATON_ADMIN_USER or not at all. Default: unset, never a known one. */
  BATON_ADMIN_PASSWORD: z.string().optional(),
  /** ms a finished run is kept, 1,000 to 365 days. Default 24 h: long enough to read it tomorrow, and bounds Redis' memory. */
  BATON_RETENTION_MS: wholeNumber(1_000, 365 * DAY_MS, 'milliseconds').default(defaults.retentionMs),
  /** How many ended runs are kept at most, 0 to 10,000,000; the oldest leave first. Default 0: as many as their age allows. */
  BATON_RETENTION_RUNS: wholeNumber(0, 10_000_000, 'runs').default(0),
  /** ms between two looks of the reconciler at the runs that have not ended, 100 to 600,000. Default 10,000: what a crash or a hand left behind goes on after two of them. */
  BATON_RECONCILE_MS: wholeNumber(100, 600_000, 'milliseconds').default(defaults.reconcileMs),
  /** ms a task waits for a healthy agent before it fails, 0 to 3,600,000. Default 10,000: an agent that restarts is back by then. */
  BATON_AGENT_WAIT_MS: wholeNumber(0, 3_600_000, 'milliseconds').default(defaults.agentWaitMs),
  /** What spawned agents may hold together: agents (0 to 2,000), memory_mb, tokens_per_minute. Default agents=100,memory_mb=16384,tokens_per_minute=2000000: room for what one machine runs. */
  BATON_POOL: text('a list of amounts')
    .transform((list, context) => {
      const pool = parsePool(list);
      if (pool !== undefined) return pool;
      context.addIssue({ code: 'custom', message: `expected amounts of ${poolUnits.join(', ')}, as in agents=20` });
      return z.NEVER;
    })
    .default(defaultPool),
  /** auto: an agent is made from a template for a task that no registered one can take; asked: only for tasks that ask for a template. Default auto: a model alone answers. */
  BATON_SPAWN: z.enum(['auto', 'asked'], { error: 'expected auto or asked' }).default('auto'),
  /** Failed calls in a row after which an agent is left alone for a while, 1 to 1,000,000. Default 5: more than one task's retries. */
  BATON_BREAKER_FAILURES: wholeNumber(1, 1_000_000, 'calls').default(defaults.breakerFailures),
  /** ms such an agent is left alone before one call tries it, 100 to 600,000. Default 10,000; doubled when that call fails too. */
  BATON_BREAKER_OPEN_MS: wholeNumber(100, 600_000, 'milliseconds').default(defaults.breakerOpenMs),
  /** ms a process that was told to stop gives its running tasks and streams, 0 to 600,000. Default 25,000: within the 30 s a platform usually waits. */
  BATON_DRAIN_MS: wholeNumber(0, 600_000, 'milliseconds').default(defaults.drainMs),
  /** Hosts that agents may have, comma-separated, 1 to 200 entries: docs/network.md has the forms. Default: unset, loopback outside production and none in it. */
  BATON_AGENT_HOSTS: text('a list of hosts')
    .transform((list) => list.split(',').flatMap((entry) => entry.trim() || []))
    .pipe(
      z
        .array(z.string().max(300, 'expected entries of at most 300 characters'))
        .min(1, 'expected at least one host')
        .max(200, 'expected at most 200 entries'),
    )
    .optional(),
  /** Folder with the files that `file:` references of agents name. Default: unset, there are none. */
  BATON_SECRETS_DIR: text('a folder').optional(),
  /** Path of the JSON file with the commands that agents may be: docs/commands.md has its form. Default: unset, there are none. */
  BATON_COMMANDS: text('the path of a file').optional(),
  /** Base URL of a foreign discovery service, whose GET /agents lists agents in the seed's form. Default: unset, only what registers here is known. */
  DISCOVERY_SERVICE_URL: httpUrl()
    .refine((url) => !/^https?:\/\/[^/]*@/i.test(url), 'expected a URL without user name and password')
    .optional(),
  /** ms an answer of the discovery service is fresh, 1,000 to 24 h; it is asked again before. Default 300,000, the seed's five minutes. */
  BATON_DISCOVERY_TTL_MS: wholeNumber(1_000, DAY_MS, 'milliseconds').default(defaults.discoveryTtlMs),
  /** ms a plan that the model made is used again for the same query, 0 to 24 h; 0: never. Default 3,600,000: agents and prompts that change make other plans at once. */
  BATON_PLAN_CACHE_TTL_MS: wholeNumber(0, DAY_MS, 'milliseconds').default(defaults.planCacheTtlMs),
  /** Calls of the model that a run makes at most unless it names its own bound, 0 to 100,000. Default 1,000: no plan of usual size needs as many, and what goes round ends. */
  BATON_MAX_MODEL_CALLS: wholeNumber(0, limits.modelCalls, 'calls').default(defaults.maxModelCalls),
  /** ms between two probes of an agent that sends no heartbeats, 100 to 10,000: BATON_HEALTH_TTL_MS covers it. Default 5,000, as often as others send heartbeats. */
  BATON_PROBE_MS: wholeNumber(100, 10_000, 'milliseconds').default(defaults.heartbeatMs),
  /** ms a sign of life of an agent counts, 6,000 to 600,000, and 5,000 more than BATON_PROBE_MS. Default 15,000: three heartbeats. */
  BATON_HEALTH_TTL_MS: wholeNumber(6_000, 600_000, 'milliseconds').default(defaults.healthTtlMs),
  /** Path of the redis-server to start when REDIS_URL is unset. Default: unset, the one on PATH, else one from the system's packages. */
  REDIS_SERVER_BIN: text('the path of a redis-server').optional(),
  /** The user's cache folder (XDG base directory specification: a relative one is ignored). Default ~/.cache. */
  XDG_CACHE_HOME: text('a folder').optional(),
});

/** The names of all settings, as docs/settings.md lists them. */
export const settingNames: readonly string[] = Object.keys(Environment.shape);

export type Config = Readonly<ReturnType<typeof toConfig>>;

/** The settings in `env`, frozen; throws config_invalid that names every faulty variable, never a secret's value. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = Environment.safeParse(given);
  const issues = parsed.error?.issues ?? [];
  // The first of each variable: a URL can be wrong in scheme and host, and is told once.
  const firstIssues = issues.filter((issue, at) => issues.findIndex(({ path }) => path[0] === issue.path[0]) === at);
  const faults = [
    ...firstIssues.map((issue) => toFault(issue, given)),
    ...adminFaults(given),
    ...healthFaults(healthTimesOf(given)),
  ];
  if (parsed.success && faults.length === 0) return Object.freeze(toConfig(parsed.data));
  const lines = faults.map((fault) => `- ${fault.path}: ${fault.message}`);
  throw new BatonError('config_invalid', ['The settings have faults:', ...lines].join('\n'), { faults });
}

/** The settings of this process. */
export function configFromProcess(): Config {
  return loadConfig(process.env);
}

/**
 * What the client for agents is opened with: where they may be, and their secrets. The variables that `env:` references may name are
 * no settings, so that they are in no configuration that is logged or handed on.
 */
export function agentHttpSettings(config: Config) {
  const secretVariables = Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => name.startsWith('BATON_SECRET_') && value !== undefined),
  ) as Readonly<Record<string, string>>; // those without a value are left out
  return {
    agentHosts: config.agentHosts,
    secretsDir: config.secretsDir,
    production: isProduction(config),
    secretVariables,
  };
}

/** What commands are opened with: their file, where their programs are looked for, and what none of them may read in a sandbox. */
export function commandSettings({ commandsFile, secretsDir, home }: Config) {
  const hidden = [home, secretsDir].flatMap((folder) => (folder === undefined ? [] : [path.resolve(folder)]));
  return { file: commandsFile, searchPath: process.env.PATH, hidden };
}

/** Settings for a child process, by their names here; undefined takes one away. */
export type Overrides = Readonly<Record<string, string | undefined>>;

/** This process's environment for a child, with other settings: handed on unread, the child's own config parses it. */
export function childEnvironment(overrides: Overrides): NodeJS.ProcessEnv {
  return { ...process.env, ...overrides };
}

/** Whether npm (run, exec, npx) started this process: it does not pass a SIGTERM on. */
export function isStartedByNpm(): boolean {
  return process.env.npm_execpath !== undefined;
}

/** Whether this process serves more than its own machine: asked for by BATON_ENV, or shown by a non-loopback BATON_HOST. */
export function isProduction(config: Pick<Config, 'environment' | 'host'>): boolean {
  return config.environment === 'production' || !isLoopback(config.host);
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

/** Where things are kept that can be had again, such as an extracted redis-server. */
function cacheFolder(xdgCacheHome: string | undefined): string {
  const base = xdgCacheHome !== undefined && path.isAbsolute(xdgCacheHome) ? xdgCacheHome : undefined;
  return path.join(base ?? path.join(homedir(), '.cache'), 'baton');
}

function toConfig(env: z.output<typeof Environment>) {
  const hasModel = env.OPENAI_API_KEY !== undefined || env.OPENAI_BASE_URL !== undefined;
  const offline = !hasModel && env.BATON_OFFLINE_URL !== undefined;
  return {
    redisUrl: env.REDIS_URL,
    openaiApiKey: env.OPENAI_API_KEY,
    openaiBaseUrl: offline ? env.BATON_OFFLINE_URL : env.OPENAI_BASE_URL,
    model: env.BATON_MODEL,
    modelPrice: {
      input_per_million: env.BATON_PRICE_INPUT,
      output_per_million: env.BATON_PRICE_OUTPUT,
      per_call: 0,
    },
    /** The model is the offline stand-in. */
    offlineModel: offline,
    environment: env.BATON_ENV,
    host: env.BATON_HOST,
    port: env.BATON_PORT,
    url: env.BATON_URL,
    home: env.BATON_HOME,
    lockMs: env.BATON_LOCK_MS,
    stalledMs: env.BATON_STALLED_MS,
    concurrency: env.BATON_CONCURRENCY,
    logLevel: env.BATON_LOG_LEVEL,
    adminUser: env.BATON_ADMIN_USER,
    adminPassword: env.BATON_ADMIN_PASSWORD,
    retentionMs: env.BATON_RETENTION_MS,
    retentionRuns: env.BATON_RETENTION_RUNS,
    reconcileMs: env.BATON_RECONCILE_MS,
    drainMs: env.BATON_DRAIN_MS,
    agentWaitMs: env.BATON_AGENT_WAIT_MS,
    breakerFailures: env.BATON_BREAKER_FAILURES,
    breakerOpenMs: env.BATON_BREAKER_OPEN_MS,
    pool: env.BATON_POOL,
    spawn: env.BATON_SPAWN,
    /** The entries of BATON_AGENT_HOSTS; the address policy reads them. */
    agentHosts: env.BATON_AGENT_HOSTS,
    secretsDir: env.BATON_SECRETS_DIR,
    commandsFile: env.BATON_COMMANDS,
    discoveryUrl: env.DISCOVERY_SERVICE_URL,
    discoveryTtlMs: env.BATON_DISCOVERY_TTL_MS,
    planCacheTtlMs: env.BATON_PLAN_CACHE_TTL_MS,
    maxModelCalls: env.BATON_MAX_MODEL_CALLS,
    probeMs: env.BATON_PROBE_MS,
    healthTtlMs: env.BATON_HEALTH_TTL_MS,
    redisServerBin: env.REDIS_SERVER_BIN,
    cacheFolder: cacheFolder(env.XDG_CACHE_HOME),
  };
}

/** Read one by one: they are compared also when another setting is faulty. */
function healthTimesOf(given: Given) {
  const { BATON_HEALTH_TTL_MS: ttl, BATON_PROBE_MS: probe } = Environment.shape;
  return {
    ttlMs: ttl.safeParse(given.BATON_HEALTH_TTL_MS).data,
    probeMs: probe.safeParse(given.BATON_PROBE_MS).data,
  };
}

import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { BatonError } from '../contracts/error.ts';
import type { Config } from '../runtime/config.ts';
import { closeRedis, openRedis } from '../runtime/redis.ts';
import { findRedisServer, serverVersion } from '../runtime/redis-binary.ts';
import { checkRedis } from '../runtime/redis-gate.ts';
import { type Context, exitCode, type InspectedCommand, type Processes } from './context.ts';
import { openPaint, type Paint } from './paint.ts';
import { isPortFree } from './port.ts';

/** What was looked at, and what was found: `fault` is what keeps baton from running. */
export type Finding = { readonly subject: string; readonly state: 'ok' | 'warning' | 'fault'; readonly text: string };

/** package.json's engines. */
const NODE_MINIMUM = [22, 22] as const;
const ANSWER_MS = 2_000;

export function addDoctorCommand(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('check Node, settings, Redis, port, model and commands, and say what to do')
    .action(async () => context.finish(await doctor(context)));
}

async function doctor({ output, loadConfig, processes }: Context): Promise<number> {
  const paint = openPaint(output.colours);
  let healthy = true;
  for (const check of [checkNode, ...checksOf(loadConfig, processes)]) {
    for (const finding of await check().catch(faultOf)) {
      healthy &&= finding.state !== 'fault';
      await output.write(`${lineOf(finding, paint)}\n`);
    }
  }
  return healthy ? exitCode.completed : exitCode.failed;
}

type Check = () => Promise<readonly Finding[]>;

/** Without settings that can be read there is nothing more to check. */
function checksOf(loadConfig: () => Config, { inspectCommands }: Processes): readonly Check[] {
  try {
    const config = loadConfig();
    const checkCommands = async () => (await inspectCommands(config)).map(commandFinding);
    return [checkFolder, checkRedisOf, checkPort, checkModel, checkCommands].map((check) => () => check(config));
  } catch (error) {
    return [async () => faultOf(error)];
  }
}

async function checkNode(): Promise<readonly Finding[]> {
  return [nodeFinding(process.versions.node)];
}

/** Whether a version of Node like 24.21.0 is new enough. */
export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = NODE_MINIMUM;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return ok('node', version);
  return fault('node', `${version} is too old: baton needs ${NODE_MINIMUM.join('.')} or newer; install Node 24`);
}

/** Only looks: the folder is made by whoever needs it. */
async function checkFolder({ home }: Config): Promise<readonly Finding[]> {
  const folder = path.resolve(home);
  try {
    await access(nearestExisting(folder), constants.W_OK);
    return [ok('data', folder)];
  } catch (error) {
    return [fault('data', `${folder} cannot be written to (${reasonOf(error)}): set BATON_HOME to another folder`)];
  }
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}

async function checkRedisOf(config: Config): Promise<readonly Finding[]> {
  return config.redisUrl === undefined ? findOwnRedis(config) : checkRedisAt(config.redisUrl);
}

/** It is what `baton start` does, down to fetching a redis-server from the system's packages. */
async function findOwnRedis({ redisServerBin: configured, cacheFolder }: Config): Promise<readonly Finding[]> {
  const said: Finding[] = [];
  const say = (line: string): void => void said.push(ok('redis', line));
  const binary = await findRedisServer({ configured, cacheFolder, say });
  const text = `baton start brings its own: ${binary} ${(await serverVersion(binary)) ?? ''}`;
  return [...said, ok('redis', text.trimEnd())];
}

async function checkRedisAt(url: string): Promise<readonly Finding[]> {
  const redis = openRedis(url, 'command', () => undefined); // what is wrong comes out of the check
  try {
    const warnings = await checkRedis(redis);
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'of an unknown version';
    return [ok('redis', `REDIS_URL answers: Redis ${version}`), ...warnings.map((text) => warning('redis', text))];
  } finally {
    await closeRedis(redis);
  }
}

async function checkPort({ host, port }: Config): Promise<readonly Finding[]> {
  if (await isPortFree(host, port)) return [ok('port', `${port} is free`)];
  const url = `http://${host}:${port}`;
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined);
  const body: unknown = await answer?.json().catch(() => undefined);
  const isBaton = typeof body === 'object' && body !== null && 'model' in body;
  if (isBaton) return [ok('port', `a baton serves at ${url}`)];
  return [fault('port', `${port} is taken by something else: stop that, or set BATON_PORT (or --port) to another`)];
}

async function checkModel({ openaiApiKey, openaiBaseUrl, model, offlineModel }: Config): Promise<readonly Finding[]> {
  const at = openaiBaseUrl ?? "OpenAI's own server";
  if (offlineModel) return [warning('model', `${at} is the offline stand-in: answers are canned`)];
  if (openaiApiKey !== undefined) return [ok('model', `${model} at ${at}, with a key`)];
  if (openaiBaseUrl !== undefined) return [ok('model', `${model} at ${at}, without a key`)];
  const text =
    'none: "baton start" and "baton demo" use the offline one, whose answers are canned; set OPENAI_API_KEY or OPENAI_BASE_URL';
  return [warning('model', text)];
}

/** A machine without a command serves all the same: others may have it. */
export function commandFinding({ name, sandbox, fault: missing }: InspectedCommand): Finding {
  if (missing === null)
    return ok('command', `${name} can be run ${sandbox === 'none' ? 'without a sandbox' : 'in a sandbox'}`);
  return warning('command', `${name} cannot be run here: ${missing}, so its agents get work from other workers only`);
}

const ok = (subject: string, text: string): Finding => ({ subject, state: 'ok', text });
const warning = (subject: string, text: string): Finding => ({ subject, state: 'warning', text });
const fault = (subject: string, text: string): Finding => ({ subject, state: 'fault', text });

function faultOf(error: unknown): readonly Finding[] {
  const code = error instanceof BatonError ? error.code : 'internal';
  const subjects: Partial<Record<typeof code, string>> = {
    config_invalid: 'settings',
    redis_unsuitable: 'redis',
    store_unavailable: 'redis',
  };
  return [fault(subjects[code] ?? 'error', reasonOf(error))];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function lineOf({ subject, state, text }: Finding, paint: Paint): string {
  const marks = { ok: paint.good('ok  '), warning: paint.bold('note'), fault: paint.bad('BAD ') };
  return `${marks[state]}  ${subject.padEnd(8)}  ${text.replaceAll('\n', `\n${' '.repeat(16)}`)}`;
}

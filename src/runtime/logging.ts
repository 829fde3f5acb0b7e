import { destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';

export type Log = Logger;

/** Names whose values are never written, down to the third level of a logged object. */
const secretNames = [
  'authorization',
  'cookie',
  'apiKey',
  'api_key',
  'openaiApiKey',
  'OPENAI_API_KEY',
  'password',
  'adminPassword',
  'BATON_ADMIN_PASSWORD',
  'secret',
  'secrets',
  'redisUrl',
  'REDIS_URL',
];

/** pino matches paths, not names: one path for each level. */
const redact = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** A log of JSON lines on stderr: stdout belongs to results. Written synchronously, so the last line before an exit is there. */
export function openLog(
  { level, name }: Readonly<{ level: string; name: string }>,
  stream: LogStream = destination({ dest: 2, sync: true }),
): Log {
  const options: LoggerOptions = {
    name,
    level,
    redact,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(options, stream);
}

type LogStream = { write(line: string): void };

// vitest's globalSetup of the integration project: one look for a redis-server, not one for each test file at once.

import type { TestProject } from 'vitest/node';
import { configFromProcess } from '../../src/runtime/config.ts';
import { findRedisServer } from '../../src/runtime/redis-binary.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    redisServerBin: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  if (process.env.TEST_REDIS === 'container') return;
  project.provide('redisServerBin', await findTestRedisServer());
}

/** The redis-server for tests; where there is none, one from the system's packages, in the user's cache. */
export async function findTestRedisServer(): Promise<string> {
  const { redisServerBin, cacheFolder } = configFromProcess();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  return findRedisServer({ configured: redisServerBin, cacheFolder, say });
}

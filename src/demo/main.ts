// Assembles the process of the six demo agents.

import { defaults } from '../contracts/limits.ts';
import { openConfiguredModel } from '../llm/configured-model.ts';
import { openHttp } from '../outbound/http.ts';
import type { Config } from '../runtime/config.ts';
import { runUntilStopped } from '../runtime/lifecycle.ts';
import { openLog } from '../runtime/logging.ts';
import { reportReady } from '../runtime/ready.ts';
import { openDemoAgents } from './agents.ts';

/** Serves the demo agents, registered with the baton at config.url, until the process is told to stop; it never returns but by the process's end. */
export function runDemoAgents(config: Config): Promise<never> {
  const log = openLog({ level: config.logLevel, name: 'demo' });
  return runUntilStopped({ log, drainMs: defaults.drainMs }, async (life) => {
    const http = life.use('http', openHttp());
    const model = openConfiguredModel(config, http.fetch);
    const say = (text: string, error?: unknown): void =>
      error === undefined ? log.info(text) : log.warn({ err: error }, text);
    const { agents } = life.use('agents', await openDemoAgents({ model, batonUrl: config.url, log: say }));
    log.info({ agents, baton: config.url }, 'demo agents ready');
    reportReady(life.stop);
  });
}

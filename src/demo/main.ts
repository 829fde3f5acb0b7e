// Assembles the processes of the six demo agents and of the offline model.

import { defaults } from '../contracts/limits.ts';
import { openConfiguredModel } from '../llm/configured-model.ts';
import { openHttp } from '../outbound/http.ts';
import type { Config } from '../runtime/config.ts';
import { runUntilStopped } from '../runtime/lifecycle.ts';
import { openLog } from '../runtime/logging.ts';
import { reportReady } from '../runtime/ready.ts';
import { openDemoAgents } from './agents.ts';
import { type OfflineModelOptions, openOfflineModel } from './offline-model.ts';

/**
 * Serves the demo agents, registered with the baton at config.url, until the process is told to stop; it never returns but by the
 * process's end. `host` is the listen address, 127.0.0.1 by default.
 */
export function runDemoAgents(config: Config, listen: { readonly host?: string } = {}): Promise<never> {
  const log = openLog({ level: config.logLevel, name: 'demo' });
  return runUntilStopped({ log, drainMs: defaults.drainMs }, async (life) => {
    const http = life.use('http', openHttp({ policy: 'operator' }));
    const model = openConfiguredModel(config, http.fetch);
    const say = (text: string, error?: unknown): void =>
      error === undefined ? log.info(text) : log.warn({ err: error }, text);
    const { agents } = life.use('agents', await openDemoAgents({ model, batonUrl: config.url, log: say, ...listen }));
    log.info({ agents, baton: config.url }, 'demo agents ready');
    reportReady(life.stop);
  });
}

/** Serves the offline model until the process is told to stop; it never returns but by the process's end. */
export function runOfflineModel(config: Config, listen: OfflineModelOptions): Promise<never> {
  const log = openLog({ level: config.logLevel, name: 'model' });
  return runUntilStopped({ log, drainMs: defaults.drainMs }, async (life) => {
    const { url } = life.use('model', await openOfflineModel(listen));
    log.info({ url }, 'offline model ready: answers are canned');
  });
}

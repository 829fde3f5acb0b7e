import type { Capability } from '../contracts/agent.ts';
import type { Config } from '../runtime/config.ts';
import type { Output } from './output.ts';

export type WorkerOptions = {
  readonly redisUrl: string;
  readonly capabilities?: readonly Capability[];
  readonly concurrency?: number;
  readonly agents?: readonly string[];
};

/** What main.ts assembles out of other rooms. Processes serve until they are told to stop and give their exit code. */
export type Processes = {
  runApi(config: Config, options: { readonly redisUrl: string; readonly port?: number }): Promise<number>;
  runWorker(config: Config, options: WorkerOptions): Promise<number>;
  runDemoAgents(config: Config, listen: { readonly host?: string }): Promise<number>;
  runOfflineModel(config: Config, listen: { readonly host?: string; readonly port?: number }): Promise<number>;
  openOfflineModel(): Promise<OfflineModel>;
  /** What this machine can run of the commands of BATON_COMMANDS; throws config_invalid. */
  inspectCommands(config: Config): Promise<readonly InspectedCommand[]>;
};

/** `fault`: why it cannot be run here. */
export type InspectedCommand = {
  readonly name: string;
  readonly sandbox: 'bwrap' | 'none';
  readonly fault: string | null;
};

/** `url` is what OPENAI_BASE_URL takes. */
export type OfflineModel = { readonly url: string; close(): Promise<void> };

/** What every command works with. */
export type Context = {
  /** The script that child processes run: this CLI's own. */
  readonly entry: string;
  readonly processes: Processes;
  readonly output: Output;
  /** Reads the settings; throws config_invalid. */
  readonly loadConfig: () => Config;
  /** Says with which exit code the command has ended. */
  readonly finish: (exitCode: number) => void;
};

/** 0 completed, 1 failed or cancelled, 2 usage; 130 and the like are a signal's. */
export const exitCode = { completed: 0, failed: 1, usage: 2 } as const;

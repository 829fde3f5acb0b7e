// The process of one isolated call: told once what to call, it says what the agent says, until its parent ends it. It ends with its parent too.
import { once } from 'node:events';
import { openCommands } from '../../agents/commands/commands.ts';
import { invokeAgent } from '../../agents/invoke.ts';
import type { CallTools } from '../../agents/transports/transport.ts';
import type { AgentDescriptor } from '../../contracts/agent.ts';
import { BatonError } from '../../contracts/error.ts';
import { openAgentHttp } from '../../outbound/agent-http.ts';
import { openHttp } from '../../outbound/http.ts';
import { agentHttpSettings, commandSettings, configFromProcess } from '../../runtime/config.ts';
import { loadLocalAgents } from '../call-tools.ts';
import { modelServerOf } from '../model-server.ts';
import { IsolatedCall, type IsolatedWord } from './message.ts';

/** What a call that is told to end may take to clear up behind itself, in milliseconds. */
const LEAVE_MS = 800;

const stop = new AbortController();
process.once('disconnect', leave);
process.once('SIGTERM', leave);
const [told]: readonly unknown[] = await once(process, 'message');
await speak(IsolatedCall.parse(told));
process.exit();

function leave(): void {
  stop.abort(new BatonError('cancelled', 'Nobody listens any more.'));
  setTimeout(() => process.exit(), LEAVE_MS);
}

async function speak({ modules, agent, call, limits }: IsolatedCall): Promise<void> {
  const { signal } = stop;
  try {
    const tools = await openTools(agent, modules);
    for await (const event of invokeAgent({ agent, call, limits, signal, ...tools })) await say(event);
  } catch (thrown) {
    if (signal.aborted) return;
    const { code, message, retryAfterMs } = BatonError.from(thrown);
    await say({ type: 'error', code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }).catch(giveUp);
  }
}

/** By this process's environment, which is the worker's. What the agent does not need is not opened. */
async function openTools({ transport }: AgentDescriptor, modules: readonly string[]): Promise<CallTools> {
  const config = configFromProcess();
  const operatorHttp = openHttp({ policy: 'operator' });
  return {
    http: openAgentHttp(agentHttpSettings(config)),
    local: await loadLocalAgents(modules, { http: operatorHttp, url: config.url }),
    modelServer: transport === 'model' ? modelServerOf(config, operatorHttp) : undefined,
    commands: transport === 'command' ? await openCommands(commandSettings(config)) : undefined,
  };
}

/** Resolves when the word was taken, so that an agent is never ahead of whoever listens. After the last one this process is ended. */
async function say(word: IsolatedWord): Promise<void> {
  const taken = once(process, 'message', { signal: stop.signal });
  process.send?.(word);
  await taken;
}

/** The last word has nobody to take it: the parent has ended the call. */
function giveUp(): void {}

// The process of one isolated call: told once what to call, it says what the agent says, until its parent ends it. It ends with its parent too.
import { once } from 'node:events';
import { invokeAgent } from '../../agents/invoke.ts';
import { loadAgents } from '../../agents/load-module.ts';
import { openLocalAgents } from '../../agents/local-agents.ts';
import { BatonError } from '../../contracts/error.ts';
import { openHttp } from '../../outbound/http.ts';
import { IsolatedCall, type IsolatedWord } from './message.ts';

process.once('disconnect', () => process.exit());
const [told]: readonly unknown[] = await once(process, 'message');
await speak(IsolatedCall.parse(told));

async function speak({ modules, agent, call, limits }: IsolatedCall): Promise<void> {
  const http = openHttp();
  try {
    const local = openLocalAgents((await Promise.all(modules.map(loadAgents))).flat());
    const signal = new AbortController().signal; // the parent aborts by ending this process
    for await (const event of invokeAgent({ agent, call, limits, signal, http, local })) await say(event);
  } catch (thrown) {
    const { code, message, retryAfterMs } = BatonError.from(thrown);
    await say({ type: 'error', code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
}

/** Resolves when the word was taken, so that an agent is never ahead of whoever listens. After the last one this process is ended. */
async function say(word: IsolatedWord): Promise<void> {
  const taken = once(process, 'message');
  process.send?.(word);
  await taken;
}

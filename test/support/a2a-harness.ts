import { TaskState } from '@a2a-js/sdk';
import type { Behaviour, TransportHarness } from '../suites/transport-suite.ts';
import { type A2aAgentOptions, type A2aBehaviour, openA2aAgent } from './a2a-agent.ts';

type Peer = Required<Pick<A2aAgentOptions, 'binding' | 'version' | 'mode'>>;

/** The shared suite's view of an A2A agent behind the SDK's own server. */
export function a2aHarness({ binding, version, mode }: Peer): TransportHarness {
  return {
    name: `a2a (${binding} ${version}, ${mode})`,
    says: mode === 'dynamic_events' ? 'token' : 'message',
    single: mode === 'static',
    calls: true,
    open: (behaviour) => {
      const stalls = mode === 'static' && behaviour.kind === 'hangs';
      return openA2aAgent({ binding, version, mode, stalls, behave: toBehave(behaviour, mode) });
    },
  };
}

/** Tokens are pieces of one artifact, messages are artifacts of their own. */
function toBehave(behaviour: Behaviour, mode: Peer['mode']): A2aBehaviour {
  return async (say) => {
    say.task();
    if (behaviour.kind === 'fails') return say.status(TaskState.TASK_STATE_FAILED, behaviour.text);
    for (const [index, text] of behaviour.texts.entries()) {
      if (mode === 'dynamic_messages') say.artifact(text, { id: `a${index}`, append: false, last: true });
      else say.artifact(text);
    }
    if (behaviour.kind === 'hangs') await say.hang();
    else say.status(TaskState.TASK_STATE_COMPLETED);
  };
}

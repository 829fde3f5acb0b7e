import { type AgentPayload, ownPayloadFields } from '../../contracts/payload.ts';
import { fenced, fenceRule } from '../fence.ts';

export type ChatMessage = Readonly<{ role: 'system' | 'user'; content: string }>;

/** Characters of all earlier results together that a model is shown, in equal shares: about 50,000 tokens. */
const EARLIER_CHARS = 200_000;
const CUT = '\n[... shortened ...]';

/** Fields that hold what other agents made: a map task's item, and values of the run's shared state. */
const madeByOthers: ReadonlySet<string> = new Set(['item', 'state']);

/**
 * A task as a chat: the role's prompt, then the description, the fields of input_data by name, the texts of earlier tasks, fenced as
 * data, and which of them gave none. What agents made stands in fences that no text can close, and a rule says that it is data.
 */
export function chatMessages(payload: AgentPayload, systemPrompt: string): readonly ChatMessage[] {
  const earlier = Object.entries(payload.context);
  const inputs = inputsOf(payload);
  const failed = Object.entries(payload.failed_context);
  const isOwn = earlier.length + failed.length === 0 && inputs.every(({ fence }) => fence === 'input');
  const system = [systemPrompt, ...(isOwn ? [] : [fenceRule])].filter((part) => part.trim() !== '');
  const share = Math.floor(EARLIER_CHARS / Math.max(1, earlier.length));
  const user = [
    payload.description,
    ...inputs.map(({ fence, name, value }) => fenced(fence, name, value)),
    ...earlier.map(([task, text]) => fenced('result', task, shortened(text, share))),
    ...(failed.length === 0 ? [] : ['Earlier steps that gave no result; do what can be done without:']),
    ...failed.map(([task, why]) => fenced('failure', task, why)),
  ];
  return [
    ...(system.length === 0 ? [] : [{ role: 'system', content: system.join('\n\n').toWellFormed() } as const]),
    { role: 'user', content: user.join('\n\n').toWellFormed() },
  ];
}

/** input_data again, without what only repeats the description. */
function inputsOf(payload: AgentPayload) {
  return Object.entries(payload)
    .filter(([name, value]) => !ownPayloadFields.has(name) && value !== payload.description)
    .map(([name, value]) => ({
      name,
      fence: madeByOthers.has(name) ? ('material' as const) : ('input' as const),
      value: typeof value === 'string' ? value : JSON.stringify(value),
    }));
}

function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, Math.max(0, max - CUT.length))}${CUT}`;
}

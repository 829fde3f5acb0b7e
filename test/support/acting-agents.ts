// Agents that do what their tasks' input says, served over HTTP for a baton of real processes.
import { z } from 'zod';
import { type AgentContext, type AgentDefinition, type AgentTask, defineAgent } from '../../src/agents/definition.ts';
import { type ServedAgent, serveAgent } from '../../src/agents/serve.ts';
import type { AgentReply } from '../../src/contracts/payload.ts';

/** A place where calls wait until a test lets them go on. */
export type Gate = { readonly reached: Promise<void>; readonly opened: Promise<void>; reach(): void; open(): void };

const gates = new Map<string, Gate>();

/** The gate of this name; it is made when it is first asked for, by the test or by the agent. */
export function gateOf(name: string): Gate {
  const known = gates.get(name);
  if (known !== undefined) return known;
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const gate = { reached, opened, reach, open };
  gates.set(name, gate);
  return gate;
}

type Act = (task: AgentTask, context: AgentContext) => string | AgentReply | Promise<string | AgentReply>;

/** What an actor does, by the field `act` of its task's input; without one it says which task it has done. */
const acts: Readonly<Record<string, Act>> = {
  say: ({ text }) => String(text),
  /** With what it knows of its own quality and cost. */
  rate: ({ text, confidence, usage }) => ({
    response: String(text),
    confidence: Number(confidence),
    ...(usage !== undefined && { usage: z.any().parse(usage) }),
  }),
  fail: () => {
    throw new Error('this one has no answer');
  },
  failFirst: (_task, { attempt }) => {
    if (attempt === 1) throw new Error('not at once');
    return 'at the second attempt';
  },
  context: ({ context }) => JSON.stringify(context),
  state: ({ state }) => JSON.stringify(state),
  hold: async ({ task_id, gate }) => {
    gateOf(String(gate)).reach();
    await gateOf(String(gate)).opened;
    return `${task_id} done`;
  },
  ask: async ({ next }, { ask }) => (await ask(String(next), 'Your part, please?', { timeoutMs: 2_000 })).content,
  answer: async (_task, { inbox, reply }) => {
    for await (const message of inbox()) {
      await reply(message, `${message.content} Here.`);
      break;
    }
    return 'answered';
  },
};

const actor = (id: string): AgentDefinition =>
  defineAgent({
    id,
    capabilities: ['custom'],
    invoke: (task, context) => (acts[String(task.act)] ?? (({ task_id }) => `${task_id} done`))(task, context),
  });

/** Says a word, waits at its gate when it has one, and says the rest. */
const teller = (id: string): AgentDefinition =>
  defineAgent({
    id,
    capabilities: ['custom'],
    stream: async function* ({ task_id, gate }) {
      yield `${task_id} begins`;
      if (gate !== undefined) {
        gateOf(String(gate)).reach();
        await gateOf(String(gate)).opened;
      }
      yield ' and ends';
    },
  });

/** Gives another version each time it is asked to revise. */
const author = defineAgent({
  id: 'author',
  capabilities: ['text_generation'],
  invoke: ({ task_id, context, same }) => {
    const previous = Object.values(context).at(-1);
    return previous === undefined ? `draft ${task_id}` : same === true ? previous : `${previous}, revised`;
  },
});

const strong = defineAgent({ id: 'strong', capabilities: ['text_generation'], invoke: () => 'done well' });

const judged = new Map<string, number>();

/** Answers with one of its task's `verdicts` after the other, the last one for ever. */
const critic = defineAgent({
  id: 'critic',
  capabilities: ['data_analysis'],
  invoke: ({ task_id, verdicts }, { runId }) => {
    const key = `${runId} ${task_id.replace(/\.\d+$/, '')}`;
    const said = z.array(z.unknown()).parse(verdicts);
    const verdict = said[Math.min(judged.get(key) ?? 0, said.length - 1)];
    judged.set(key, (judged.get(key) ?? 0) + 1);
    return typeof verdict === 'string' ? verdict : JSON.stringify(verdict);
  },
});

/** Answers as its task's `answers` say. */
const voter = (id: string, priority: number): AgentDefinition =>
  defineAgent({
    ...{ id, priority },
    capabilities: ['translation'],
    invoke: ({ answers }) => String(Object(answers)[id] ?? 'yes'),
  });

/** Argues until somebody has spoken so often, and settles it then; with `never` it repeats itself. */
const debater = (id: string): AgentDefinition =>
  defineAgent({
    id,
    capabilities: ['text_generation'],
    invoke: ({ talk, never }) => {
      const { said, turn } = z.looseObject({ said: z.array(z.unknown()), turn: z.number() }).parse(talk);
      if (never === true) return `${id} insists`;
      return said.length < 3 ? `${id} says ${turn}` : JSON.stringify({ done: true, message: `${id} agrees: tea` });
    },
  });

export const actingAgents: readonly AgentDefinition[] = [
  ...['a', 'b', 'c'].map(actor),
  ...['teller-1', 'teller-2'].map(teller),
  ...[author, strong, critic],
  ...[voter('voter-1', 60), voter('voter-2', 55), voter('voter-3', 50)],
  ...['optimist', 'sceptic'].map(debater),
];

/** Serves and registers all of them with the baton at `batonUrl`. */
export async function serveActingAgents(batonUrl: string): Promise<AsyncDisposable> {
  const served: readonly ServedAgent[] = await Promise.all(
    actingAgents.map((agent) => serveAgent(agent, { batonUrl, signals: false, log: () => undefined })),
  );
  return { [Symbol.asyncDispose]: async () => void (await Promise.all(served.map((agent) => agent.close()))) };
}

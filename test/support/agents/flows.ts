// Flows for tests of programs, and an agent that does what its input says; every call is noted.
import { EventEmitter, once } from 'node:events';
import { z } from 'zod';
import { defineAgent } from '../../../src/agents/definition.ts';
import { orchestrate } from '../../../src/authoring/orchestrate.ts';
import { ProgramLog } from '../../../src/contracts/program.ts';

/** Keys of all calls, in order, and of those that were aborted. */
export const calls: string[] = [];
export const aborted: string[] = [];
/** A test emits `release` for calls that are held. */
export const gate = new EventEmitter();

export const worker = defineAgent({
  id: 'worker',
  capabilities: ['custom'],
  input: z.object({ say: z.string(), fail: z.boolean().default(false), hold: z.boolean().default(false) }),
  output: z.object({ said: z.string(), length: z.number() }),
  async invoke({ say, fail, hold, context }, { signal, idempotencyKey }) {
    calls.push(`${idempotencyKey} ${say}`);
    if (hold) {
      signal.addEventListener('abort', () => aborted.push(`${idempotencyKey} ${say}`));
      await once(gate, 'release', { signal });
    }
    if (fail) throw new Error(`${say} was told to fail`);
    const said = [say, ...Object.values(context).map((text) => JSON.parse(text).said)].join(' after ');
    return { said, length: say.length };
  },
});

const one = { retries: 0 } as const;

export const branching = orchestrate(
  { id: 'branching', input: z.object({ word: z.string() }), output: z.object({ way: z.string(), said: z.string() }) },
  async ({ input, task }) => {
    const first = await task(worker, { input: { say: input.word } });
    if (first.length > 4) return { way: 'long', said: first.said };
    const second = await task(worker, { input: { say: 'again' } });
    return { way: 'short', said: second.said };
  },
);

export const looping = orchestrate({ id: 'looping', input: z.object({ turns: z.int() }) }, async ({ input, task }) => {
  const said: string[] = [];
  for (let turn = 0; turn < input.turns; turn += 1)
    said.push((await task(worker, { input: { say: `turn ${turn}` } })).said);
  return said.join(', ');
});

export const catching = orchestrate({ id: 'catching' }, async ({ task }) => {
  try {
    await task(worker, { input: { say: 'bad', fail: true }, ...one });
  } catch (error) {
    const { said } = await task(worker, { input: { say: 'instead' } });
    return `${said}: ${error instanceof Error ? error.message : ''}`;
  }
  return 'nothing to catch';
});

export const racing = orchestrate({ id: 'racing' }, async ({ task, race }) => {
  const fast = task(worker, { key: 'fast', input: { say: 'fast' } });
  const slow = task(worker, { key: 'slow', input: { say: 'slow', hold: true } });
  const first = await race([slow, fast]);
  const { said } = await task(worker, { input: { say: 'end' } });
  return `${first.said}, ${said}`;
});

export const chains = orchestrate({ id: 'chains' }, async ({ task }) => {
  const chain = async (name: string, hold: boolean) => {
    await task(worker, { key: `${name}-1`, input: { say: `${name}-1`, hold } });
    return (await task(worker, { key: `${name}-2`, input: { say: `${name}-2` } })).said;
  };
  return (await Promise.all([chain('held', true), chain('free', false)])).join(' and ');
});

export const sharing = orchestrate({ id: 'sharing' }, async ({ task, join, all }) => {
  const good = task(worker, { input: { say: 'good' } });
  const bad = task(worker, { input: { say: 'bad', fail: true }, ...one });
  const held = task(worker, { input: { say: 'held', hold: true } });
  const some = await join([good, bad, held], { min_fraction: 0.3 });
  const after = task(worker, { input: { say: 'after' }, needs: [good] });
  const [last, other] = await all([after, task('custom', { input: { say: 'other' } })]);
  return JSON.stringify({
    some: some.map((each) => each?.said ?? null),
    last: last.said,
    other: JSON.parse(other).said,
  });
});

export const asking = orchestrate({ id: 'asking' }, async ({ task, approve }) => {
  const draft = task(worker, { input: { say: 'draft' } });
  const { decision, text } = await approve('Shall it go out?', { needs: [draft] });
  if (decision === 'rejected') return 'kept in';
  return `${decision}: ${text}`;
});

let turn = 0;
export const wavering = orchestrate({ id: 'wavering' }, async ({ task }) => {
  turn += 1;
  await task(worker, { input: { say: `turn ${turn}` } });
  return 'never';
});

export const endless = orchestrate({ id: 'endless' }, async ({ task }) => {
  for (;;) await Promise.all(Array.from({ length: 100 }, () => task(worker, { input: { say: 'x' } })));
});

export const throwing = orchestrate({ id: 'throwing' }, async ({ task }) => {
  await task(worker, { input: { say: 'one' } });
  throw new Error('this is beyond me');
});

export const waiting = orchestrate({ id: 'waiting' }, async ({ task }) => {
  await task(worker, { input: { say: 'one' } });
  await new Promise(() => undefined);
});

export const outer = orchestrate({ id: 'outer' }, async ({ task }) => {
  const { way } = await task(branching, { input: { word: 'hi' } });
  return `the ${way} way`;
});

/** Several at once, one that needs another, and a failure that is caught. */
export const mixed = orchestrate({ id: 'mixed' }, async ({ task, all }) => {
  const a = task(worker, { key: 'a', input: { say: 'a' } });
  const others = [task(worker, { input: { say: 'b' } }), task(worker, { input: { say: 'c' } })];
  const last = task(worker, { input: { say: 'd' }, needs: [a] });
  const first = await all([a, ...others]);
  const bad = await task(worker, { input: { say: 'bad', fail: true }, ...one }).then(
    () => 'good',
    async () => (await task(worker, { input: { say: 'instead' } })).said,
  );
  return `${first.map(({ said }) => said).join(', ')}: ${(await last).said}, ${bad}`;
});

/** Not among the agents of a worker: a test serves it. */
export const httpFlow = orchestrate(
  {
    id: 'http-flow',
    input: z.strictObject({ words: z.array(z.string().regex(/^[a-z]+$/)) }),
    output: z.object({ words: z.array(z.string()), chars: z.number() }),
  },
  async ({ input, task, all }) => {
    const said = await all(input.words.map((say) => task(worker, { input: { say } })));
    return { words: said.map((each) => each.said), chars: said.reduce((sum, { length }) => sum + length, 0) };
  },
);

const long = defineAgent({
  id: 'long',
  capabilities: ['text_generation'],
  input: z.object({ chars: z.number() }),
  invoke: ({ chars }) => 'x'.repeat(chars),
});

export const reading = orchestrate(
  { id: 'reading', input: z.object({ sizes: z.array(z.number()) }) },
  async ({ input, task, all }) => {
    const read = await all(input.sizes.map((chars) => task(long, { input: { chars } })));
    return `${read.join('').length}`;
  },
);

/** Its agent serves nowhere. */
export const graph = orchestrate(
  { id: 'graph', input: z.object({ word: z.string() }), output: z.object({ said: z.string(), length: z.number() }) },
  async ({ input, task, race }) => {
    const first = race([task(worker, { input: { say: input.word } }), task(worker, { input: { say: 'there' } })]);
    return task(worker, { key: 'end', input: { say: 'end' }, needs: [first] });
  },
);

/** What agents that are no such function may answer; the text is the task's. */
export const raw = defineAgent({
  id: 'raw',
  capabilities: ['custom'],
  payload_schema: { required_fields: { answer: 'string' } },
  invoke: (task) => String(task.answer),
});

/** Its steps fit together in no context, while another one runs. */
export const overfull = orchestrate({ id: 'overfull' }, async ({ task }) => {
  const all = [...Array.from({ length: 5 }, () => 900_000), 0];
  const read = all.map(async (chars) =>
    chars > 0 ? task(long, { input: { chars } }) : (await task(worker, { input: { say: 'held', hold: true } })).said,
  );
  return (await Promise.all(read)).join('').slice(0, 10);
});

/** A program whose step is a program that waits. */
export const nested = orchestrate({ id: 'nested' }, async ({ task }) => `${await task(chains)}!`);

/**
 * A program that answers what its input says, by the keys of the steps that have ended ("a,b"). Where this is `hold` it emits `asked` and waits
 * for `answer` first.
 */
export const scripted = defineAgent({
  id: 'scripted',
  capabilities: ['custom'],
  payload_schema: { required_fields: { program: 'object', answers: 'object' } },
  async invoke({ program, answers, hold }, { signal }) {
    const { steps } = ProgramLog.parse(program);
    const ended = steps.flatMap(({ key, status }) => (status === 'running' ? [] : [key])).join(',');
    if (ended === hold) {
      const answer = once(gate, 'answer', { signal });
      gate.emit('asked');
      await answer;
    }
    return JSON.stringify(z.record(z.string(), z.unknown()).parse(answers)[ended] ?? { error: { message: ended } });
  },
});

export const agents = [
  ...[
    worker,
    branching,
    looping,
    catching,
    racing,
    chains,
    sharing,
    asking,
    wavering,
    endless,
    throwing,
    waiting,
    outer,
  ],
  ...[mixed, reading, long, raw, overfull, nested, scripted],
];

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../support/children/lifecycle.ts', import.meta.url));
const children: ChildProcess[] = [];

type Child = {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  /** Settles when stdout holds `text`. */
  says(text: string): Promise<void>;
  exit(): Promise<number | null>;
};

function start(mode: string): Child {
  const child = fork(script, [mode], { silent: true });
  children.push(child);
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    text.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    text.stderr += chunk.toString();
  });
  // Not the event `close`: it does not come after the parent has disconnected.
  const exited = once(child, 'exit');
  const drained = Promise.all([child.stdout, child.stderr].map((stream) => stream && once(stream, 'close')));
  return {
    process: child,
    output: () => text.stdout,
    errors: () => text.stderr,
    says: (line) => expect.poll(() => text.stdout, { timeout: 10_000 }).toContain(line),
    exit: async () => {
      const [code]: readonly unknown[] = await exited;
      await drained;
      return typeof code === 'number' ? code : null;
    },
  };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'the first %s closes everything in reverse and exits with 0',
  async (signal) => {
    const child = start('orderly');
    await child.says('started');
    child.process.kill(signal);
    expect(await child.exit()).toBe(0);
    expect(child.output()).toBe('started\nclosing worker\nclosing redis\n');
    expect(child.errors()).toContain(`"reason":"${signal}"`);
  },
);

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second %s ends at once with %i, whatever still closes', async (signal, code) => {
  const child = start('hanging');
  await child.says('started');
  child.process.kill('SIGTERM');
  await child.says('closing hanging');
  child.process.kill(signal);
  expect(await child.exit()).toBe(code);
  expect(child.output()).not.toContain('closing worker');
});

test('a child whose parent has gone stops in an orderly way', async () => {
  const child = start('orderly');
  await child.says('started');
  child.process.disconnect();
  expect(await child.exit()).toBe(0);
  expect(child.output()).toContain('closing worker\nclosing redis\n');
});

test('a disconnect after a signal counts for nothing, a signal after it is the second one', async () => {
  const child = start('hanging');
  await child.says('started');
  child.process.kill('SIGTERM');
  await child.says('closing hanging');
  child.process.disconnect();
  child.process.kill('SIGTERM');
  expect(await child.exit()).toBe(143);
  expect(child.errors().match(/"msg":"stopping/g)).toHaveLength(1);
});

test('a start that throws closes what it had opened, is logged once and exits with 1', async () => {
  const child = start('failing');
  expect(await child.exit()).toBe(1);
  expect(child.output()).toBe('closing worker\nclosing redis\n');
  expect(child.errors().match(/"msg":"could not start"/g)).toHaveLength(1);
});

test('faulty settings exit with 78', async () => {
  expect(await start('misconfigured').exit()).toBe(78);
});

test('a process that stops itself exits with the code it asked for', async () => {
  const child = start('done');
  expect(await child.exit()).toBe(3);
  expect(child.output()).toBe('started\nclosing worker\nclosing redis\n');
});

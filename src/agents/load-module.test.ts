import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadAgents } from './load-module.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'baton-agents-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let files = 0;
const door = path.resolve('src/agents/definition.ts');

/** A module file with this text; defineAgent is imported in it. */
function moduleOf(text: string): string {
  files += 1;
  const file = path.join(dir, `agents-${files}.mjs`);
  writeFileSync(
    file,
    `import { defineAgent } from ${JSON.stringify(door)};\nconst about = { capabilities: ['custom'], reply: 'x' };\n${text}`,
  );
  return file;
}

const idsOf = async (file: string) => (await loadAgents(file)).map(({ id }) => id);

test('takes the exported list of agents, checked', async () => {
  const file = moduleOf(`export const agents = [{ id: 'a', ...about }, defineAgent({ id: 'b', ...about })];
    export const other = defineAgent({ id: 'c', ...about });`);
  expect(await idsOf(file)).toEqual(['a', 'b']);
});

test('takes every export made by defineAgent, the default one too, when there is no list', async () => {
  const file = moduleOf(`export const a = defineAgent({ id: 'a', ...about });
    export default defineAgent({ id: 'b', ...about });
    export const plain = { id: 'c', ...about };`);
  expect((await idsOf(file)).sort()).toEqual(['a', 'b']);
});

test('takes a path relative to the working directory', async () => {
  const file = moduleOf(`export const agents = [{ id: 'a', ...about }];`);
  expect(await idsOf(path.relative(process.cwd(), file))).toEqual(['a']);
});

test.each([
  [`export const nothing = 1;`, /exports no agents: expected "export const agents/],
  [`export const agents = [];`, /must be a list of at least one/],
  [`export const agents = 'a';`, /must be a list of at least one/],
  [`export const agents = [null];`, /exactly one of stream/],
  [`export const agents = [{ id: 'a b', ...about }];`, /agent_id/],
  [`throw new Error('no disk');`, /could not be loaded: no disk/],
  [`export const = ;`, /could not be loaded/],
])('says what is wrong with a module such as %s', async (text, message) => {
  const file = moduleOf(text);
  await expect(loadAgents(file)).rejects.toMatchObject({ code: 'config_invalid' });
  await expect(loadAgents(file)).rejects.toThrow(message);
});

test('says that there is no such file', async () => {
  await expect(loadAgents('./nowhere.mjs')).rejects.toMatchObject({ code: 'config_invalid' });
});

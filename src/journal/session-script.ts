import { loadScript, type Script, scriptOf } from './script.ts';

const library = loadScript(new URL('./open-runs.lua', import.meta.url));

/** Reads a script that asks which runs of a session are open, with open-runs.lua before it. */
export function loadSessionScript(file: URL): Script {
  return scriptOf(`${library.lua}\n${loadScript(file).lua}`);
}

import { loadScript, type Script, scriptOf } from './script.ts';

const library = loadScript(new URL('./ledger.lua', import.meta.url));

/** Reads a script that works on a run's ledger, with ledger.lua before it. */
export function loadLedgerScript(file: URL): Script {
  return scriptOf(`${library.lua}\n${loadScript(file).lua}`);
}

/** US dollars as the ledger keeps them: whole millionths, since Lua and Redis would round fractions each in their way. */
export function toMicroDollars(dollars: number): number {
  return Math.round(dollars * 1_000_000);
}

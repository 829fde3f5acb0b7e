import { type Command, InvalidArgumentError, Option } from 'commander';
import type { StateChange } from '../contracts/state.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, exitCode } from './context.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';

type StateFlags = RemoteFlags & { ifVersion?: number };

const VERSION_MAX = 1_000_000_000_000;

export function addStateCommand(program: Command, context: Context): void {
  /** The changes in the order in which the options stand. */
  const changes: StateChange[] = [];
  const change = (flags: string, description: string, parse: (text: string) => StateChange): Option =>
    new Option(flags, description).argParser((text: string) => changes.push(parse(text)));
  program
    .command('state')
    .description("show the state that a run's agents share, or change it, all of it or nothing")
    .argument('<run>', 'the run')
    .addOption(change('--set <name=value>', 'set a value: JSON, or else the text itself', setting))
    .addOption(change('--increment <name=number>', 'add to a number', incrementing))
    .addOption(change('--append <name=item>', 'add an item to a list: JSON, or else the text itself', appending))
    .addOption(change('--delete <name>', 'delete a value', (name) => ({ op: 'delete', name })))
    .option('--if-version <number>', 'only if it has this version still', wholeNumber(0, VERSION_MAX))
    .option(...urlOption)
    .action(async (run: string, flags: StateFlags) => {
      const client = clientOf(context, flags);
      const answer =
        changes.length === 0
          ? await client.state(run)
          : { version: await client.patchState(run, changes, { version: flags.ifVersion }) };
      await context.output.write(`${JSON.stringify(answer, null, 2)}\n`);
      context.finish(exitCode.completed);
    });
}

function setting(text: string): StateChange {
  const { name, value } = split(text);
  return { op: 'set', name, value: jsonOr(value) };
}

function incrementing(text: string): StateChange {
  const { name, value } = split(text);
  const by = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isFinite(by)) return { op: 'increment', name, by };
  throw new InvalidArgumentError('Expected name=number.');
}

function appending(text: string): StateChange {
  const { name, value } = split(text);
  return { op: 'append', name, items: [jsonOr(value)] };
}

function split(text: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at > 0) return { name: text.slice(0, at), value: text.slice(at + 1) };
  throw new InvalidArgumentError('Expected name=value.');
}

/** As shells have it: what is no JSON is a text. */
function jsonOr(text: string): Extract<StateChange, { op: 'set' }>['value'] {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

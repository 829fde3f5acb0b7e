// Connections of a "process" that dies after a given number of Redis commands: they are cut for good, as a kill does it. Which
// connections belong to it is told by its URL: ioredis takes the query of a URL as options, and duplicates keep them.
import { Redis } from 'ioredis';

type Command = { readonly name: string; readonly promise: Promise<unknown> };
type Stream = Parameters<Redis['sendCommand']>[1];

/** Said on behalf of a connection, not of the work; or waiting, so that their number follows from time. */
export const quietCommands: ReadonlySet<string> = new Set(
  'info hello client select auth quit ping subscribe bzpopmin xread pubsub'.split(' '),
);

export type Crash = {
  /** For the connections of the process. */
  readonly url: string;
  /** The names of the commands it has sent so far. */
  readonly commands: readonly string[];
  /** Resolves when it has died. */
  readonly died: Promise<void>;
  hasDied(): boolean;
};

type State = {
  readonly at: number;
  readonly commands: string[];
  readonly connections: Set<Redis>;
  dead: boolean;
  die(): void;
};

const processes = new Map<string, State>();
let made = 0;

/** A process that dies right after Redis has executed its `at`-th command; nothing it sends afterwards reaches Redis. */
export function openCrash(redisUrl: string, at: number): Crash {
  made += 1;
  const id = `crash${made}`;
  const { promise: died, resolve } = Promise.withResolvers<void>();
  const state: State = {
    at,
    commands: [],
    connections: new Set(),
    dead: false,
    die: () => {
      state.dead = true;
      for (const redis of state.connections) redis.disconnect(false);
      resolve();
    },
  };
  processes.set(id, state);
  return { url: `${redisUrl}/0?crash=${id}`, commands: state.commands, died, hasDied: () => state.dead };
}

const send = Redis.prototype.sendCommand;

Redis.prototype.sendCommand = function (
  this: Redis,
  command: Command & Parameters<Redis['sendCommand']>[0],
  stream: Stream,
) {
  const state = processes.get(String((this.options as { crash?: string }).crash)); // from the URL's query
  if (state === undefined) return send.call(this, command, stream);
  state.connections.add(this);
  if (state.dead) return new Promise(() => undefined); // a dead process waits for nothing
  const reply = send.call(this, command, stream);
  if (quietCommands.has(command.name)) return reply;
  state.commands.push(command.name);
  if (state.commands.length === state.at) command.promise.then(state.die, state.die);
  return reply;
};

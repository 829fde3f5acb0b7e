// Preloaded into a baton process: it ends itself by SIGKILL right after Redis has executed its KILL_AT-th command.
import { Redis } from 'ioredis';
import { quietCommands } from './crashing.ts';

const killAt = Number(process.env.KILL_AT);
const send = Redis.prototype.sendCommand;
let sent = 0;

Redis.prototype.sendCommand = function (this: Redis, ...given: Parameters<Redis['sendCommand']>) {
  const reply = send.apply(this, given);
  const [command] = given;
  if (quietCommands.has(command.name)) return reply;
  sent += 1;
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  if (sent === killAt) (reply as Promise<unknown>).then(die, die);
  return reply;
};

// A process with a lifecycle: `node lifecycle.ts <mode>`. It writes a line to stdout when it has started and for each resource
// it closes. Modes: orderly, hanging (a resource never closes), failing (start throws), misconfigured, done (stops itself with 3).

import { BatonError } from '../../../src/contracts/error.ts';
import { type Lifecycle, runUntilStopped } from '../../../src/runtime/lifecycle.ts';
import { openLog } from '../../../src/runtime/logging.ts';

const mode = process.argv[2];

function use(lifecycle: Lifecycle, name: string, close: () => Promise<void> = async () => undefined): void {
  const dispose = async (): Promise<void> => {
    process.stdout.write(`closing ${name}\n`);
    await close();
  };
  lifecycle.use(name, { [Symbol.asyncDispose]: dispose });
}

await runUntilStopped({ log: openLog({ level: 'info', name: 'child' }), drainMs: 30_000 }, async (lifecycle) => {
  use(lifecycle, 'redis');
  use(lifecycle, 'worker');
  if (mode === 'hanging') use(lifecycle, 'hanging', () => new Promise<void>(() => undefined));
  if (mode === 'failing') throw new Error('the port is taken');
  if (mode === 'misconfigured') throw new BatonError('config_invalid');
  if (mode === 'done') lifecycle.stop(3);
  process.stdout.write('started\n');
});

// A process that takes a lock and never gives it back: `node hold-lock.ts <folder>`. It tells its parent when it has it.

import { acquireLock } from '../../../src/runtime/lock-folder.ts';

await acquireLock({ folder: process.argv[2] ?? '', timeoutMs: 5_000 });
process.on('message', () => undefined);
process.send?.('locked');

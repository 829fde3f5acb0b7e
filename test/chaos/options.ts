import { parseArgs } from 'node:util';
import { z } from 'zod';

const Options = z.object({
  /** Of the load and of the faults. */
  seed: z.coerce.number().int().min(0),
  /** How long faults are injected; healing and checking come on top. */
  minutes: z.coerce.number().min(0.1).max(240),
  /** A build that is broken on purpose: the checker must find it. */
  break: z.enum(['settle', 'fence']).optional(),
});
export type Options = z.infer<typeof Options>;

/** `npm run chaos -- --seed S --minutes M [--break settle|fence]`; ends the process with what was expected when they are faulty. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
      minutes: { type: 'string', default: '2' },
      break: { type: 'string' },
    },
  });
  const options = Options.safeParse(values);
  if (options.success) return options.data;
  console.error(z.prettifyError(options.error));
  process.exit(2);
}

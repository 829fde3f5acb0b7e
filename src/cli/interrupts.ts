import { readFile } from 'node:fs/promises';
import { Argument, type Command } from 'commander';
import { BatonError } from '../contracts/error.ts';
import type { InterruptSubject, InterruptView } from '../contracts/interrupt.ts';
import type { QuestionKind } from '../contracts/question.ts';
import { type Context, exitCode } from './context.ts';
import { clean } from './paint.ts';
import { clientOf, type RemoteFlags, urlOption } from './remote.ts';

type ListFlags = RemoteFlags & { run?: string; json?: boolean };
type DecideFlags = RemoteFlags & { content?: string; reason?: string };
type Choice = 'approve' | 'edit' | 'reject';

/** Characters of a question's content that the list shows. */
const SHOWN_CHARS = 200;

export function addInterruptCommands(program: Command, context: Context): void {
  program
    .command('interrupts')
    .description('list the questions that wait for a human, newest first')
    .option('--run <id>', 'of this run only')
    .option(...urlOption)
    .option('--json', 'the questions whole, as NDJSON')
    .action(async (flags: ListFlags) => context.finish(await listInterrupts(context, flags)));
  program
    .command('decide')
    .description('answer such a question; the first answer counts')
    .argument('<id>', 'the question, as "baton interrupts" shows it')
    .addArgument(new Argument('<decision>', 'what to do').choices(['approve', 'edit', 'reject']))
    .option('--content <text>', 'with edit: the new content or the answer, or @file; JSON for a plan and for an input')
    .option('--reason <text>', 'why')
    .option(...urlOption)
    .action(async (id: string, decision: Choice, flags: DecideFlags, command: Command) => {
      if ((decision === 'edit') !== (flags.content !== undefined))
        command.error('error: expected --content with edit, and only then');
      context.finish(await decide(context, { id, decision }, flags));
    });
}

async function listInterrupts(context: Context, flags: ListFlags): Promise<number> {
  const { output } = context;
  const { run, json = false } = flags;
  const client = clientOf(context, flags);
  let cursor: string | undefined;
  let isEmpty = true;
  do {
    const page = await client.interrupts({ cursor, run });
    for (const view of page.interrupts) await output.write(json ? `${JSON.stringify(view)}\n` : describe(view));
    isEmpty &&= page.interrupts.length === 0;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && !output.gone.aborted);
  if (isEmpty && !json) await output.write('No question waits for an answer.\n');
  return exitCode.completed;
}

const wishes = {
  input: 'asks (answer with: edit --content "...", or approve to go on without)',
  auth: 'asks to be authorized (approve once that is done)',
} as const satisfies Record<QuestionKind, string>;

function describe({ id, requested_at, expires_at, on_expiry, content, asked_by }: InterruptView): string {
  const cut = content.length > SHOWN_CHARS ? `${content.slice(0, SHOWN_CHARS)}…` : content;
  const times = `asked ${requested_at}, ${on_expiry} at ${expires_at}`;
  const who = asked_by === null ? '' : `  ${clean(asked_by.agent_id)} ${wishes[asked_by.kind]}\n`;
  return `${clean(id)}\n  ${times}\n${who}  ${clean(cut.replace(/\s+/g, ' '))}\n`;
}

async function decide(
  context: Context,
  { id, decision }: { readonly id: string; readonly decision: Choice },
  { url, content, reason = '' }: DecideFlags,
): Promise<number> {
  const client = clientOf(context, { url });
  const { hash, subject } = await client.interrupt(id);
  const edit = content === undefined ? {} : { content: await loadContent(content, subject) };
  const { state } = await client.decide(id, { decision, hash, reason, ...edit });
  await context.output.write(`${clean(id)} ${state}\n`);
  return exitCode.completed;
}

/** A task's own text is sent as it is, else a JSON object as one. */
async function loadContent(given: string, subject: InterruptSubject): Promise<unknown> {
  const text = given.startsWith('@') ? await loadFile(given.slice(1)) : given;
  if (subject === 'output' || subject === 'question' || !text.trimStart().startsWith('{')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // a text may begin with a brace too
  }
}

function loadFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new BatonError('invalid_request', `Cannot read the content: ${error.message}`, { cause: error });
  });
}

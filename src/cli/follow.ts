import type { StreamEvent } from '../contracts/event.ts';
import { emptyRun, type FoldedRun, foldEvent } from '../contracts/fold.ts';
import { exitCode } from './context.ts';
import type { Output } from './output.ts';
import { openPaint } from './paint.ts';
import { emptyView, renderEvent } from './render.ts';

/** Shows a run's events as they come, for a person or as NDJSON; the run as they told it. */
export async function follow(events: AsyncIterable<StreamEvent>, output: Output, json: boolean): Promise<FoldedRun> {
  return json ? printEvents(events, output) : showEvents(events, output);
}

/** Says on stderr what did not go as asked, and gives the exit code. */
export function conclude(run: FoldedRun, output: Output): number {
  if (run.status === 'completed') {
    if (run.partial) output.say(`the run completed in part: ${run.warnings.join('; ') || 'a task did not complete'}`);
    return exitCode.completed;
  }
  output.say(`the run ${run.status === 'cancelled' ? 'was cancelled' : 'failed'}: ${run.error?.message ?? run.status}`);
  return exitCode.failed;
}

async function printEvents(events: AsyncIterable<StreamEvent>, output: Output): Promise<FoldedRun> {
  let run = emptyRun;
  for await (const event of events) {
    run = foldEvent(run, event);
    await output.write(`${JSON.stringify(event)}\n`);
  }
  return run;
}

async function showEvents(events: AsyncIterable<StreamEvent>, output: Output): Promise<FoldedRun> {
  const paint = openPaint(output.colours);
  let view = emptyView;
  for await (const event of events) {
    const shown = renderEvent(view, event, paint);
    view = shown.view;
    await output.write(shown.text);
  }
  return view.run;
}

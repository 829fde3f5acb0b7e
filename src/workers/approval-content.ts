import { limits } from '../contracts/limits.ts';
import type { SubTask } from '../contracts/plan.ts';
import type { TaskResult } from '../contracts/result.ts';

const CUT = '\n[... shortened ...]';

/**
 * What a human sees of a task that has not begun: JSON {description, input_data, context}, the context being what its dependencies
 * gave, null for one that did not complete. Within limits.outputChars: longer texts are cut to an equal length each, and say so.
 */
export function approvalContent(
  { description, input_data }: Pick<SubTask, 'description' | 'input_data'>,
  inputs: ReadonlyMap<string, TaskResult | undefined>,
): string {
  const write = (mostChars: number): string => {
    const context = [...inputs].map(([id, result]) => [id, textOf(result, mostChars)]);
    return JSON.stringify({ description, input_data, context: Object.fromEntries(context) });
  };
  let mostChars: number = limits.outputChars;
  let content = write(mostChars);
  while (content.length > limits.outputChars && mostChars > 1) {
    mostChars = Math.floor(mostChars / 2);
    content = write(mostChars);
  }
  return content;
}

function textOf(result: TaskResult | undefined, mostChars: number): string | null {
  if (result?.status !== 'completed') return null;
  const { response } = result;
  return response.length <= mostChars ? response : response.slice(0, mostChars) + CUT;
}

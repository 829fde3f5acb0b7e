import type { AgentDefinition, AgentTask } from '../agents/agent.ts';
import { textField } from './request-prompt.ts';
import { numbersIn, type Statistics, statisticsOf } from './statistics.ts';

const MAX_SHOWN = 20;

/** The seed's analyst-01: real statistics of the numbers in its input, as messages. Asks no model. */
export function analystAgent(): AgentDefinition {
  return {
    id: 'analyst-01',
    name: 'Data Analyst',
    description:
      'Performs data analysis and generates insights: count, range, mean, median, deviation and trend of numbers',
    capabilities: ['data_analysis'],
    priority: 9,
    payload_schema: {
      required_fields: { query: 'string' },
      optional_fields: { data: 'array' },
      example: { query: 'Analyze the trend of these sales: 120, 135, 150, 149, 170' },
    },
    messages: analyse,
  };
}

async function* analyse(task: AgentTask): AsyncGenerator<string> {
  const numbers = numbersOf(task);
  const statistics = statisticsOf(numbers);
  if (statistics === null) {
    yield 'There are no numbers in this request or in the earlier results, so there is nothing to calculate.';
    return;
  }
  yield `Found ${numbers.length === 1 ? 'one number' : `${numbers.length} numbers`}: ${listOf(numbers)}.`;
  yield tableOf(statistics);
  const trend = trendOf(statistics);
  if (trend !== null) yield trend;
}

/** The numbers given as data, else those of the request, else those of the earlier results. */
function numbersOf(task: AgentTask): readonly number[] {
  if (Array.isArray(task.data)) return numbersIn(task.data.join('\n'));
  const asked = numbersIn(textField(task, 'query', task.description));
  if (asked.length > 1) return asked;
  const earlier = numbersIn(Object.values(task.context).join('\n'));
  return earlier.length > 0 ? earlier : asked;
}

function listOf(numbers: readonly number[]): string {
  const shown = numbers.slice(0, MAX_SHOWN).join(', ');
  return numbers.length > MAX_SHOWN ? `${shown} and ${numbers.length - MAX_SHOWN} more` : shown;
}

/** Six significant digits: more would pretend a precision the input does not have. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function tableOf({ count, sum, min, max, mean, median, deviation }: Statistics): string {
  const rows = { count, sum, minimum: min, maximum: max, mean, median };
  const lines = Object.entries(rows).map(([name, value]) => `- ${name}: ${rounded(value)}`);
  if (deviation !== null) lines.push(`- standard deviation (sample): ${rounded(deviation)}`);
  return lines.join('\n');
}

function trendOf({ count, min, max, slope }: Statistics): string | null {
  if (slope === null) return null;
  // Less than a tenth of the range over the whole list is noise.
  if (Math.abs(slope) * (count - 1) < (max - min) / 10 || slope === 0) return 'Trend: there is none to speak of.';
  return `Trend: the values ${slope > 0 ? 'rise' : 'fall'} by about ${rounded(Math.abs(slope))} from one to the next.`;
}

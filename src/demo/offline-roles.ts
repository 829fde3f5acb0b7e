import { planByKeywords } from './keyword-planner.ts';
import { lookUp } from './lookup.ts';
import { answerRequest } from './offline-answers.ts';
import { codeFor } from './offline-code.ts';
import { labelled, withoutLabel } from './offline-label.ts';
import { sectionFor } from './offline-report.ts';
import type { Role, RoleTask } from './role-prompt.ts';
import { numbersIn, statisticsOf } from './statistics.ts';
import { summarize } from './summarizer.ts';

const rules = 'put together by rules, no language model was asked';
/** Characters of an order, and of each earlier text, that an answer repeats. */
const ORDER_CHARS = 300;
const EXCERPT_CHARS = 2_000;

const answers: Readonly<Record<Role, (task: RoleTask) => string>> = {
  research: ({ order, earlier, inputs }) => {
    const { response } = lookUp([order, ...inputs.values()].join(' '), earlier.join('\n'));
    return `Findings:\n- ${response}`;
  },
  analysis: ({ order, earlier, inputs }) => analysisOf([order, ...inputs.values(), ...earlier].join('\n')),
  synthesis: (task) => {
    const material = materialOf(task);
    return material === '' ? withoutLabel(plainAnswer(task)) : summarize(material, task.order);
  },
  coordination: ({ earlier }) => {
    const done = earlier.length === 0 ? 'Nothing has been done so far.' : `${earlier.length} result(s) are there.`;
    const steps = [
      '1. Gather what is missing (researcher)',
      '2. Do the work (coder, documenter; after 1)',
      '3. Review it (reviewer; after 2)',
    ];
    return `${done}\n\n${steps.join('\n')}`;
  },
  planning: ({ order }) => {
    const { sub_tasks } = planByKeywords(order);
    const lines = sub_tasks.map(({ description, required_capability, depends_on }, index) => {
      const after = depends_on.length === 0 ? 'nothing' : depends_on.map((id) => id.slice(1)).join(', ');
      return `${index + 1}. ${description} (${required_capability}) [after ${after}]`;
    });
    return lines.join('\n');
  },
  coding: ({ order, inputs }) => codeFor(order, inputs.get('language') ?? 'python'),
  qa: ({ order }) => {
    const tests = [
      '- the usual case',
      '- nothing at all',
      '- one element',
      '- the largest that is allowed',
      '- what must be refused',
    ];
    return `Tests for: ${short(order)}\n${tests.join('\n')}\n\nVerdict: not decided, nothing was read or run.`;
  },
  review: (task) => {
    const lines = materialOf(task)
      .split('\n')
      .filter((line) => line.trim() !== '').length;
    const seen = lines === 0 ? 'There is nothing to review.' : `${lines} line(s) were counted, none was judged.`;
    return `${seen}\n\nVerdict: not decided.`;
  },
  documentation: (task) => {
    const material = materialOf(task);
    const body = material === '' ? 'There is no material to document yet.' : material.slice(0, EXCERPT_CHARS);
    return `# ${short(task.order)}\n\n${body}`;
  },
};

/** What the offline model says in a role of the shipped templates; always labelled. */
export function answerInRole(task: RoleTask): string {
  return labelled(sectionFor(task.order) ?? answers[task.role](task), rules);
}

function analysisOf(text: string): string {
  const statistics = statisticsOf(numbersIn(text));
  if (statistics === null)
    return 'There are no numbers in this order or in the earlier results, so nothing can be calculated.';
  const { count, mean, median, min, max } = statistics;
  return `Of ${count} number(s): mean ${rounded(mean)}, median ${rounded(median)}, from ${min} to ${max}.`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function plainAnswer({ order, inputs, earlier }: RoleTask): string {
  const targetLanguage = inputs.get('target_language') ?? null;
  return answerRequest({
    request: inputs.get('query') ?? order,
    codeLanguage: null,
    targetLanguage,
    earlier: earlier.join('\n\n'),
  });
}

/** What is to be worked on: a text that was given, and what earlier tasks made. */
function materialOf({ inputs, earlier }: RoleTask): string {
  return [inputs.get('text') ?? '', ...earlier.map(withoutLabel)]
    .filter((text) => text !== '')
    .join('\n\n')
    .trim();
}

function short(order: string): string {
  return order.replace(/\s+/g, ' ').slice(0, ORDER_CHARS);
}

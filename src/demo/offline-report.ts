import { hasPhrase } from './words.ts';

type Section = { readonly name: string; readonly description: string };

const scalingLaws: readonly (Section & { readonly text: string })[] = [
  {
    name: 'Introduction',
    description: 'What scaling laws of language models are and why they matter.',
    text: 'A scaling law says how the loss of a language model falls as its parameters, its training data and its compute grow. It lets a laboratory foresee what a large model will reach from small ones that it can afford to train.',
  },
  {
    name: 'The Power Laws',
    description: 'The form of the laws as they were first measured.',
    text: 'Kaplan and others (2020) found that the loss follows a power law in each of parameters, data and compute, over several orders of magnitude, as long as the other two are no bottleneck. The shape of the network matters little beside its size.',
  },
  {
    name: 'Compute-Optimal Training',
    description: 'How a budget of compute is best divided between parameters and data.',
    text: 'Hoffmann and others (2022) measured that parameters and training tokens should grow in equal proportion, at about 20 tokens per parameter. Their model Chinchilla, with 70 billion parameters and 1.4 trillion tokens, did better than larger ones that had seen less.',
  },
  {
    name: 'Limits',
    description: 'What the laws do not say.',
    text: 'The laws speak of loss, not of what a model can do: single abilities may appear late and suddenly. They assume fresh data of one quality, which is finite, and they leave out the cost of using a model after its training.',
  },
  {
    name: 'Conclusion',
    description: 'What follows for whoever plans a model.',
    text: 'Whoever plans a model fits a law to small runs first, divides the budget between size and data, and trains longer on a smaller model when it will be used much.',
  },
];

const usual: readonly Section[] = [
  { name: 'Introduction', description: 'What it is about and why it matters' },
  { name: 'Background', description: 'What came before, and the terms that are needed' },
  { name: 'Main Points', description: 'What there is to know' },
  { name: 'Conclusion', description: 'What follows from it' },
];

/** The sections that the offline model plans: stored ones, those that the query lists after "covering", or the usual four. */
export function sectionsOf(query: string): readonly Section[] {
  if (hasPhrase(query, 'scaling laws')) return scalingLaws.map(({ name, description }) => ({ name, description }));
  const [, list = ''] = /\bcovering:?\s+([^.?!\n]+)/i.exec(query) ?? [];
  const named = list
    .split(/,\s*(?:and\s+)?|\s+and\s+/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (named.length > 0)
    return named.slice(0, 20).map((name) => ({ name: titled(name), description: `All about ${name}` }));
  return usual;
}

function titled(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** The order of one section, as src/plan/strategy-report.ts words it. */
const order =
  /^Write the section "([^"]+)" of a report[\s\S]*?\nThe report: ([^\n]*)\nWhat belongs in this section: ([^\n]*)/;

/** A section's Markdown for such an order; null for any other. */
export function sectionFor(request: string): string | null {
  const [, name, report = '', about = ''] = order.exec(request) ?? [];
  if (name === undefined) return null;
  const stored = hasPhrase(report, 'scaling laws')
    ? scalingLaws.find((section) => section.name === name)?.text
    : undefined;
  return `## ${name}\n\n${stored ?? `${about.replace(/[.\s]*$/, '')}. No text about this is stored.`}`;
}

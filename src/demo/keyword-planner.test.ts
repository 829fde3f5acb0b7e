import { expect, test } from 'vitest';
import { Plan } from '../contracts/plan.ts';
import { planByKeywords } from './keyword-planner.ts';

/** A plan in one line: "t1:search t2:text_generation<t1". */
function sketch(query: string): string {
  return planByKeywords(query)
    .sub_tasks.map(({ task_id, required_capability, depends_on }) =>
      [`${task_id}:${required_capability}`, ...depends_on].join('<'),
    )
    .join(' ');
}

test.each([
  // The seed's two demo queries.
  [
    'Write a short poem about artificial intelligence and also look up the capital of France.',
    't1:text_generation t2:search',
  ],
  [
    'Generate a Python function for binary search and summarize its time complexity.',
    't1:code_generation t2:summarization<t1',
  ],
  // The seed's substrings sent these to a coder or a planner.
  ['Write a short poem', 't1:text_generation'],
  ['Decode this message for me', 't1:text_generation'],
  ['look up the capital of France', 't1:search'],
  // Trivial queries are one task.
  ['Hello', 't1:text_generation'],
  ['?', 't1:text_generation'],
  ['What is the capital of Japan?', 't1:search'],
  ['Search and rescue dogs are brave', 't1:text_generation'],
  // One task, though it names the work of others.
  ['Write a poem about the capital of France', 't1:text_generation'],
  ['Write about search and sort algorithms', 't1:text_generation'],
  ['Write a haiku about code review', 't1:text_generation'],
  ['Write a story about a dog and its owner', 't1:text_generation'],
  ['Could you please write an email asking for the sales data?', 't1:text_generation'],
  ['Write a program to read and write files in Rust', 't1:code_generation'],
  ['Write a function to load data and calculate the mean', 't1:code_generation'],
  ['Convert this Python code to JavaScript: `print(1)`', 't1:code_generation'],
  ['Find the median of 4, 8, 15', 't1:data_analysis'],
  ['What is the average of 3, 5 and 10?', 't1:data_analysis'],
  ['I have the numbers 4, 8, 15, 16. Compute their mean and median.', 't1:data_analysis'],
  ['Write a poem about the sea. It should be short and sad.', 't1:text_generation'],
  ['Translate "Good morning and then write a poem" into Spanish.', 't1:translation'],
  // References and sequence.
  ['Look up the population of Tokyo and then write a haiku about it', 't1:search t2:text_generation<t1'],
  ['Analyze these numbers: 3, 5, 8, 13 and write a story about them.', 't1:data_analysis t2:text_generation<t1'],
  ['Write a function to sort a list and summarize its complexity', 't1:code_generation t2:summarization<t1'],
  ['Look up the capital of Spain, then calculate the mean of 1, 2 and 3', 't1:search t2:data_analysis<t1'],
  [
    'Please look up the capital of Spain, write a poem about it, and translate the poem into French.',
    't1:search t2:text_generation<t1 t3:translation<t2',
  ],
  [
    'Look up the capital of France; write a haiku about spring; write a story about both.',
    't1:search t2:text_generation t3:text_generation<t1<t2',
  ],
  [
    'Look up the boiling point of water, then calculate the mean of 10, 20 and 30, and finally summarize everything',
    't1:search t2:data_analysis<t1 t3:summarization<t1<t2',
  ],
  ['Look up the capital of France and write a story about a dog and its owner', 't1:search t2:text_generation'],
  // Lists and texts that come along.
  [
    '1. Write a poem about spring 2. Translate it into German 3. Look up the capital of Italy',
    't1:text_generation t2:translation<t1 t3:search',
  ],
  ['Please do this:\n- Look up the capital of Kenya\n- Write a limerick about tea', 't1:search t2:text_generation'],
  [
    'Summarize this text: Cats sleep a lot. Write it down. Then translate the summary into French.',
    't1:summarization t2:translation<t1',
  ],
  [
    'Summarize the following text and translate it into French: The cat sat on the mat.',
    't1:summarization t2:translation<t1',
  ],
])('%j is planned as %s', (query, plan) => {
  expect(sketch(query)).toBe(plan);
});

test.each([
  ['Generate a Fibonacci function in Rust', { query: 'Generate a Fibonacci function in Rust', language: 'rust' }],
  [
    'Convert this Python script to JavaScript',
    { query: 'Convert this Python script to JavaScript', language: 'javascript' },
  ],
  ['Implement quicksort', { query: 'Implement quicksort', language: 'python' }],
  ['Translate "Good morning" into Spanish.', { text: 'Good morning', target_language: 'Spanish' }],
  ['Translate hello world to Klingon', { text: 'hello world', target_language: 'Klingon' }],
  [
    'Summarize this: Cats sleep. Dogs bark.',
    { query: 'Summarize this: Cats sleep. Dogs bark.', text: 'Cats sleep. Dogs bark.' },
  ],
])('%j fills the fields that the agent needs', (query, input) => {
  expect(planByKeywords(query).sub_tasks[0]?.input_data).toEqual(input);
});

test('what was said around an order reaches its agent', () => {
  const [task] = planByKeywords('I have 4, 8 and 15. Compute the mean. Round it to one digit.').sub_tasks;
  expect(task?.input_data.query).toBe('I have 4, 8 and 15. Compute the mean. Round it to one digit.');
});

test('descriptions read as sentences', () => {
  const plan = planByKeywords('please look up the capital of France, and also write a poem.');
  expect(plan.sub_tasks.map((task) => task.description)).toEqual(['Look up the capital of France', 'Write a poem']);
});

test.each([
  ['600 orders', 'Write a poem. '.repeat(600)],
  ['a long text to work on', `Summarize this: ${'Look at this and write it down, then stop. '.repeat(1_400)}`],
  ['nothing but quotes', '"'.repeat(60_000)],
  ['nothing but connectors', ', and '.repeat(10_000)],
  ['one endless word', 'a'.repeat(64_000)],
])('%s: planned at once, in a plan that the contract takes', (_, query) => {
  const started = performance.now();
  const plan = Plan.parse(planByKeywords(query));
  expect(plan.sub_tasks.length).toBeLessThanOrEqual(20);
  // A pattern that backtracks would take minutes.
  expect(performance.now() - started).toBeLessThan(2_000);
});

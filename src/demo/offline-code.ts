import { fibonacciFiles, type Program, todoProgram } from './offline-files.ts';
import { hasPhrase } from './words.ts';

const programs: readonly Program[] = [
  todoProgram,
  {
    words: ['binary search'],
    title: 'Binary search',
    complexity:
      'Time complexity: O(log n), because each step halves the range that is left. Space complexity: O(1), because it keeps only two positions.',
    source: {
      python: `def binary_search(items, target):
    """Return the index of target in the sorted list items, or -1."""
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1`,
      javascript: `function binarySearch(items, target) {
  let low = 0;
  let high = items.length - 1;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    if (items[middle] === target) return middle;
    if (items[middle] < target) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}`,
    },
  },
  {
    words: ['fibonacci'],
    files: fibonacciFiles,
    title: 'Fibonacci numbers',
    complexity: 'Time complexity: O(n), because each number is added up once. Space complexity: O(1).',
    source: {
      python: fibonacciFiles['fibonacci.py'],
      javascript: `function fibonacci(n) {
  let [previous, current] = [0, 1];
  for (let step = 0; step < n; step += 1) [previous, current] = [current, previous + current];
  return previous;
}`,
    },
  },
  {
    words: ['factorial'],
    title: 'Factorial',
    complexity: 'Time complexity: O(n) multiplications. Space complexity: O(1).',
    source: {
      python: `def factorial(n):
    """Return n! for n >= 0."""
    product = 1
    for factor in range(2, n + 1):
        product *= factor
    return product`,
    },
  },
  {
    words: ['prime', 'primes', 'prime number', 'prime numbers'],
    title: 'Primality test',
    complexity:
      'Time complexity: O(√n), because a factor above the root has a partner below it. Space complexity: O(1).',
    source: {
      python: `def is_prime(n):
    """Return whether n is a prime number."""
    if n < 2:
        return False
    factor = 2
    while factor * factor <= n:
        if n % factor == 0:
            return False
        factor += 1
    return True`,
    },
  },
  {
    words: ['palindrome', 'reverse a string', 'reverse string', 'reverses a string'],
    title: 'Reversal of a string',
    complexity: 'Time complexity: O(n), because every character is copied once. Space complexity: O(n).',
    source: {
      python: `def reverse(text):
    """Return text from its end to its start; a palindrome equals its reverse."""
    return text[::-1]`,
    },
  },
  {
    words: ['merge sort', 'sort a list', 'sorts a list', 'sorting', 'sort'],
    title: 'Merge sort',
    complexity: 'Time complexity: O(n log n), because log n levels each merge n items. Space complexity: O(n).',
    source: {
      python: `from heapq import merge

def merge_sort(items):
    """Return a sorted copy of items."""
    if len(items) < 2:
        return list(items)
    middle = len(items) // 2
    return list(merge(merge_sort(items[:middle]), merge_sort(items[middle:])))`,
    },
  },
];

/** A stored program for a request, with its complexity in words; a skeleton, named as one, when none is stored. */
export function codeFor(request: string, language: string): string {
  const program = programs.find(({ words }) => words.some((word) => hasPhrase(request, word)));
  if (program === undefined) return skeletonFor(request);
  const wanted = language.toLowerCase();
  const [name, source] =
    wanted === 'javascript' && program.source.javascript !== undefined
      ? ['javascript', program.source.javascript]
      : ['python', program.source.python];
  const note = name === wanted ? '' : ` There is no stored version in ${language}, so this one is in Python.`;
  const { files } = program;
  const code = name === 'python' && files !== undefined ? filesIn(files) : `\`\`\`${name}\n${source}\n\`\`\``;
  return `${program.title} in ${name === 'python' ? 'Python' : 'JavaScript'}.${note}\n\n${code}\n\n${program.complexity}`;
}

/** Files as fenced blocks that name them: src/contracts/files-in-text.ts reads them. */
function filesIn(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([file, text]) => `\`\`\`python file=${file}\n${text}\n\`\`\``)
    .join('\n\n');
}

function skeletonFor(request: string): string {
  // As a JSON string the request is a legal Python literal: no quote of it can end the docstring.
  const about = JSON.stringify(request.slice(0, 300));
  return `No stored program fits this request; here is a skeleton to fill in.

\`\`\`python
def solve(data):
    ${about}
    raise NotImplementedError
\`\`\``;
}

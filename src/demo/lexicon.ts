// The words the keyword planner knows. Whole words and phrases only: the seed's substrings made "decode" a coder's task.
import type { Capability } from '../contracts/agent.ts';

/** A weight per capability: how strongly a word speaks for it. */
type Weights = Readonly<Partial<Record<Capability, number>>>;

/** Verbs that order work wherever a clause begins with them. Weights count only there. */
export const verbs: ReadonlyMap<string, Weights> = new Map(
  Object.entries({
    write: { text_generation: 2 },
    compose: { text_generation: 4 },
    invent: { text_generation: 3 },
    imagine: { text_generation: 3 },
    brainstorm: { text_generation: 4 },
    suggest: { text_generation: 2 },
    rephrase: { text_generation: 3 },
    rewrite: { text_generation: 2 },
    explain: { text_generation: 2 },
    describe: { text_generation: 2 },
    tell: { text_generation: 1 },
    give: { text_generation: 1 },
    create: { text_generation: 1 },
    generate: { text_generation: 1 },
    provide: { text_generation: 1 },
    make: { text_generation: 1 },
    implement: { code_generation: 5 },
    refactor: { code_generation: 5 },
    debug: { code_generation: 5 },
    analyze: { data_analysis: 4 },
    analyse: { data_analysis: 4 },
    calculate: { data_analysis: 4 },
    compute: { data_analysis: 4 },
    summarize: { summarization: 6 },
    summarise: { summarization: 6 },
    condense: { summarization: 6 },
    shorten: { summarization: 4 },
    translate: { translation: 6 },
    look: { search: 1 },
    lookup: { search: 6 },
    find: { search: 2 },
    identify: { search: 1 },
    compare: {},
    convert: {},
    extract: {},
    determine: {},
  }),
);

/** Verbs that are nouns as often: they order work only before an object ("search for", "review the", not "search and rescue"). */
export const nounVerbs: ReadonlyMap<string, Weights> = new Map(
  Object.entries({
    draft: { text_generation: 4 },
    recap: { summarization: 6 },
    port: {},
    search: { search: 5 },
    research: { search: 5 },
    google: { search: 5 },
    code: { code_generation: 4 },
    program: { code_generation: 4 },
    script: { code_generation: 4 },
    fix: { code_generation: 1 },
    test: { code_generation: 1 },
    review: {},
    check: { search: 1 },
    show: {},
    list: {},
    name: {},
    plan: {},
    design: {},
    outline: {},
    report: { text_generation: 2 },
    answer: {},
    say: {},
    sort: { data_analysis: 2 },
    count: { data_analysis: 2 },
    average: { data_analysis: 4 },
    sum: { data_analysis: 3 },
    add: {},
    plot: { data_analysis: 2 },
  }),
);

/** Verbs of programs rather than of queries: "read and write files" is one thing. */
export const chained: ReadonlySet<string> = new Set(
  'read encode decode load parse store save insert encrypt decrypt compress open send receive import validate'.split(
    ' ',
  ),
);

/** Verbs that speak about a text: after "a function to sort a list and ..." only these begin another task. */
export const telling: ReadonlySet<string> = new Set(
  'summarize summarise translate explain describe analyze analyse look write review tell give recap document'.split(
    ' ',
  ),
);

/** What may follow a noun-like verb when it is one. */
export const objectStarts: ReadonlySet<string> = new Set(
  `a an the its it their them this that these those my our your me us all some any one two three how what why who whether
   for up out in on into to each every both`.split(/\s+/),
);

const phrasesOf: Readonly<Partial<Record<Capability, Readonly<Record<number, string>>>>> = {
  text_generation: {
    4: `poem|poems|haiku|limerick|sonnet|story|stories|tale|essay|letter|email|e-mail|song|lyrics|slogan|tagline|joke|speech|
        dialogue|headline|article|blog post|product description|marketing copy|ad copy|press release|cover letter|toast`,
    2: 'paragraph|sentence|text|report|describe|creative',
  },
  code_generation: {
    4: 'unit test|unit tests|regular expression|regex|sql query|stack trace|source code',
    3: 'function|code|program|script|class|method|algorithm|bug|module|binary search|web server|shell command',
    2: 'python|javascript|typescript|java|rust|ruby|kotlin|php|sql|bash|c++|c#|golang|html|css',
  },
  data_analysis: {
    4: 'mean|median|average|standard deviation|statistics|correlation|percentile|variance|outliers|regression',
    3: 'trend|trends|dataset|data set|data|csv|spreadsheet|minimum and maximum',
    2: 'numbers|sales|figures|measurements|values|sum of',
  },
  summarization: {
    5: 'summary|summaries|tl;dr|key points|main points|bullet points|in a nutshell|executive summary',
  },
  translation: { 5: 'translation|how do you say', 3: 'translated' },
  search: {
    5: 'look up|find out|search for|search the web',
    4: 'capital of|population of|currency of|who wrote|who invented|who is|who was|where is|when was|when did',
    3: 'how many|how tall|how high|how long|how far|how old|speed of|height of|length of|distance|boiling point|largest|tallest',
    2: 'facts|what is|what are|what was',
  },
};

/** Phrases that speak for a capability anywhere in a clause, as word sequences. */
export const phrases: readonly { readonly words: string; readonly capability: Capability; readonly weight: number }[] =
  Object.entries(phrasesOf).flatMap(([capability, byWeight]) =>
    Object.entries(byWeight).flatMap(([weight, list]) =>
      list.split('|').map((words) => ({
        words: words.trim(),
        // Object.entries forgets that the keys of this record are capabilities.
        capability: capability as Capability,
        weight: Number(weight),
      })),
    ),
  );

/** Languages of people, as they are named in English. */
export const languages: readonly string[] =
  `Spanish French German Italian Portuguese Dutch Swedish Norwegian Danish Finnish Polish Czech Greek Turkish Russian
   Ukrainian Arabic Hebrew Hindi Chinese Mandarin Japanese Korean Vietnamese Thai Latin English Swahili Hungarian Romanian`.split(
    /\s+/,
  );

/** Languages of machines: the word in a query -> the name that the coder is given. */
export const codeLanguages: ReadonlyMap<string, string> = new Map(
  Object.entries({
    python: 'python',
    javascript: 'javascript',
    typescript: 'typescript',
    java: 'java',
    rust: 'rust',
    ruby: 'ruby',
    kotlin: 'kotlin',
    php: 'php',
    sql: 'sql',
    bash: 'bash',
    golang: 'go',
    html: 'html',
    'c++': 'c++',
    'c#': 'c#',
  }),
);

/** One thing the lookup agent knows: it is about any of `subjects`, and answers questions with any of `asks`. All in lower case. */
export type Fact = { readonly subjects: readonly string[]; readonly asks: readonly string[]; readonly text: string };

// Country, capital, people (2024, rounded), currency.
const countries: readonly (readonly [string, string, string, string])[] = [
  ['France', 'Paris', '68 million', 'euro'],
  ['Germany', 'Berlin', '84 million', 'euro'],
  ['Italy', 'Rome', '59 million', 'euro'],
  ['Spain', 'Madrid', '49 million', 'euro'],
  ['Portugal', 'Lisbon', '10.6 million', 'euro'],
  ['Ireland', 'Dublin', '5.3 million', 'euro'],
  ['Austria', 'Vienna', '9.2 million', 'euro'],
  ['Greece', 'Athens', '10.4 million', 'euro'],
  ['Switzerland', 'Bern', '9 million', 'Swiss franc'],
  ['Poland', 'Warsaw', '37.5 million', 'zloty'],
  ['Sweden', 'Stockholm', '10.6 million', 'krona'],
  ['Norway', 'Oslo', '5.6 million', 'krone'],
  ['Turkey', 'Ankara', '85 million', 'lira'],
  ['Kenya', 'Nairobi', '56 million', 'shilling'],
  ['Japan', 'Tokyo', '124 million', 'yen'],
  ['China', 'Beijing', '1.41 billion', 'renminbi'],
  ['India', 'New Delhi', '1.45 billion', 'rupee'],
  ['Australia', 'Canberra', '27 million', 'Australian dollar'],
  ['Canada', 'Ottawa', '41 million', 'Canadian dollar'],
  ['Brazil', 'Brasília', '212 million', 'real'],
  ['Argentina', 'Buenos Aires', '46 million', 'peso'],
  ['Mexico', 'Mexico City', '130 million', 'peso'],
];

const people = ['population', 'people', 'inhabitants', 'many live'];
const heights = ['high', 'height', 'tall', 'tallest', 'highest'];
const authors = ['wrote', 'author', 'written', 'writer'];

const single: readonly Fact[] = [
  {
    subjects: ['paris'],
    asks: people,
    text: 'Paris has about 2.1 million inhabitants in the city and about 12 million in the metropolitan area.',
  },
  {
    subjects: ['tokyo'],
    asks: people,
    text: 'Tokyo has about 14 million inhabitants, its metropolitan area about 37 million.',
  },
  { subjects: ['london'], asks: people, text: 'London has about 8.9 million inhabitants.' },
  { subjects: ['new york', 'new york city'], asks: people, text: 'New York City has about 8.3 million inhabitants.' },
  { subjects: ['united kingdom', 'uk'], asks: ['capital'], text: 'London is the capital of the United Kingdom.' },
  {
    subjects: ['united states', 'usa'],
    asks: ['capital'],
    text: 'Washington, D.C. is the capital of the United States.',
  },
  {
    subjects: ['mount everest', 'everest'],
    asks: heights,
    text: 'Mount Everest is 8,849 metres high, the highest mountain above sea level.',
  },
  {
    subjects: ['highest mountain', 'tallest mountain'],
    asks: heights,
    text: 'Mount Everest, 8,849 metres, is the highest mountain above sea level.',
  },
  { subjects: ['eiffel tower'], asks: heights, text: 'The Eiffel Tower in Paris is 330 metres tall.' },
  {
    subjects: ['light'],
    asks: ['speed', 'fast'],
    text: 'The speed of light in a vacuum is 299,792,458 metres per second.',
  },
  {
    subjects: ['sound'],
    asks: ['speed', 'fast'],
    text: 'The speed of sound in air at 20 °C is about 343 metres per second.',
  },
  { subjects: ['water'], asks: ['boil', 'boiling'], text: 'Water boils at 100 °C at sea level.' },
  { subjects: ['water'], asks: ['freeze', 'freezing', 'melting'], text: 'Water freezes at 0 °C.' },
  { subjects: ['moon'], asks: ['far', 'distance'], text: 'The Moon is on average 384,400 km away from the Earth.' },
  {
    subjects: ['moon'],
    asks: ['landing', 'landed', 'first'],
    text: 'The first people landed on the Moon on 20 July 1969 with Apollo 11.',
  },
  { subjects: ['sun'], asks: ['far', 'distance'], text: 'The Sun is on average 149.6 million km away from the Earth.' },
  {
    subjects: ['largest planet', 'biggest planet', 'jupiter'],
    asks: ['planet', 'largest', 'biggest'],
    text: 'Jupiter is the largest planet of the solar system.',
  },
  { subjects: ['largest ocean', 'biggest ocean'], asks: ['ocean'], text: 'The Pacific is the largest ocean.' },
  { subjects: ['pi'], asks: ['value', 'number', 'digits'], text: 'Pi is about 3.14159.' },
  { subjects: ['hamlet'], asks: authors, text: 'William Shakespeare wrote Hamlet, around 1600.' },
  {
    subjects: ['nineteen eighty-four', '1984'],
    asks: authors,
    text: 'George Orwell wrote Nineteen Eighty-Four, published in 1949.',
  },
  { subjects: ['frankenstein'], asks: authors, text: 'Mary Shelley wrote Frankenstein, published in 1818.' },
  { subjects: ['berlin wall'], asks: ['fall', 'fell', 'when'], text: 'The Berlin Wall fell on 9 November 1989.' },
  {
    subjects: ['telephone'],
    asks: ['invented', 'inventor'],
    text: 'Alexander Graham Bell was granted the patent on the telephone in 1876.',
  },
  {
    subjects: ['redis'],
    asks: ['created', 'wrote', 'author', 'who'],
    text: 'Salvatore Sanfilippo wrote Redis, first released in 2009.',
  },
];

/** All that the lookup agent knows: about ninety entries, none from a network. */
export const facts: readonly Fact[] = [
  ...countries.flatMap(([country, capital, inhabitants, currency]) => {
    const subjects = [country.toLowerCase()];
    return [
      { subjects, asks: ['capital'], text: `${capital} is the capital of ${country}.` },
      { subjects, asks: people, text: `${country} has about ${inhabitants} inhabitants.` },
      { subjects, asks: ['currency', 'money', 'pay'], text: `The currency of ${country} is the ${currency}.` },
    ];
  }),
  ...single,
];

type Translations = Readonly<Partial<Record<string, string>>>;

const rows: readonly (readonly [string, Translations])[] = [
  ['hello', { spanish: 'Hola', french: 'Bonjour', german: 'Hallo', italian: 'Ciao' }],
  ['hello world', { spanish: 'Hola, mundo', french: 'Bonjour le monde', german: 'Hallo Welt', italian: 'Ciao mondo' }],
  ['good morning', { spanish: 'Buenos días', french: 'Bonjour', german: 'Guten Morgen', italian: 'Buongiorno' }],
  ['good night', { spanish: 'Buenas noches', french: 'Bonne nuit', german: 'Gute Nacht', italian: 'Buonanotte' }],
  ['thank you', { spanish: 'Gracias', french: 'Merci', german: 'Danke', italian: 'Grazie' }],
  [
    'how are you',
    { spanish: '¿Cómo estás?', french: 'Comment vas-tu ?', german: 'Wie geht es dir?', italian: 'Come stai?' },
  ],
  ['goodbye', { spanish: 'Adiós', french: 'Au revoir', german: 'Auf Wiedersehen', italian: 'Arrivederci' }],
  [
    'paris is the capital of france',
    {
      spanish: 'París es la capital de Francia.',
      french: 'Paris est la capitale de la France.',
      german: 'Paris ist die Hauptstadt von Frankreich.',
      italian: 'Parigi è la capitale della Francia.',
    },
  ],
];

/** The translations that the offline model knows: English words in lower case -> language in lower case -> text. */
export const phrasebook: ReadonlyMap<string, Translations> = new Map(rows);

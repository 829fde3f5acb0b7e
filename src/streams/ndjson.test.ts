import { encoderSuite } from '../../test/suites/encoder-suite.ts';
import { encodeNdjson } from './ndjson.ts';

encoderSuite({
  name: 'NDJSON',
  lines: 1,
  encode: encodeNdjson,
  decode: (pieces) =>
    pieces
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line)),
});

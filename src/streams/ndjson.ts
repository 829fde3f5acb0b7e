import { toJsonLine } from './json-line.ts';

/** An event as one line of NDJSON, its line feed included. */
export function encodeNdjson(event: object): string {
  return `${toJsonLine(event)}\n`;
}

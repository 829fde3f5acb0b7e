/** 128 random bits as hex, which makes a request one that may be sent twice. Not randomUUID: browsers have that on https pages only. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

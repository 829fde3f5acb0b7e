import type { Part } from '@a2a-js/sdk';

type Parts = { readonly parts: readonly Part[] } | undefined;

/** The text of a message or an artifact: its parts one after the other, data as JSON, links as they are. Files are named, not kept. */
export function textOf(said: Parts): string {
  return (said?.parts ?? []).map(textOfPart).join('');
}

function textOfPart({ content, filename, mediaType }: Part): string {
  switch (content?.$case) {
    case 'text':
    case 'url':
      return content.value;
    case 'data':
      return JSON.stringify(content.value) ?? '';
    case 'raw':
      return `[${filename || 'a file'}${mediaType === '' ? '' : ` (${mediaType})`}: ${content.value.length} bytes, not kept]`;
    case undefined:
      return '';
    default:
      return content satisfies never;
  }
}

import { type Client, openClient } from '../client/client.ts';
import { httpUrl } from './arguments.ts';
import type { Context } from './context.ts';

export type RemoteFlags = { url?: string | undefined };

/** The option of every command that works upon a running baton. */
export const urlOption = [
  '--url <url>',
  'where baton listens (BATON_URL, else http://127.0.0.1:4000)',
  httpUrl,
] as const;

/** A client of the baton that a command was told to work upon, by its option or by the settings. */
export function clientOf({ loadConfig }: Context, { url = loadConfig().url }: RemoteFlags): Client {
  return openClient({ url });
}

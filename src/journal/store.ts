import type { Redis } from 'ioredis';
import type { Keys } from '../contracts/keys.ts';

/** Where a run's truth lives: a connection and the names of the keys. Its owner closes the connection. */
export type Store = { readonly redis: Redis; readonly keys: Keys };

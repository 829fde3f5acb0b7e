import { BatonError, faultyError } from '../contracts/error.ts';
import { limits } from '../contracts/limits.ts';
import { type ListedTemplate, Template, type TemplateRecord } from '../contracts/template.ts';
import type { Store } from '../journal/store.ts';
import { shippedTemplates } from './templates/shipped.ts';

/** The templates there are: those that ship with baton, and those that operators have put beside or in place of them. */
export type TemplateStore = {
  /** All of them, by id, with what became of their agents. One round trip. */
  list(): Promise<readonly ListedTemplate[]>;
  /** Throws template_not_found. */
  get(id: string): Promise<ListedTemplate>;
  /** Adds or replaces one; true when there was none of this id, shipped ones included. Throws invalid_request when there are too many. */
  put(template: Template): Promise<boolean>;
  /** Takes out what an operator has put; a shipped one of this id is back then. Throws template_not_found, invalid_request for a shipped one. */
  remove(id: string): Promise<void>;
};

export type TemplateStoreOptions = Store & {
  /** Hears of a stored template that cannot be read, written by another version perhaps: it is passed over. */
  readonly onUnreadable?: (template: string, cause: unknown) => void;
};

/** Opens the templates on a connection that stays the caller's. */
export function openTemplates({ redis, keys, onUnreadable = () => undefined }: TemplateStoreOptions): TemplateStore {
  async function list(): Promise<readonly ListedTemplate[]> {
    const [stored, stats] = await Promise.all([redis.hgetall(keys.templates), redis.hgetall(keys.templateStats)]);
    const own = Object.entries(stored).flatMap(([id, text]) => parseStored({ id, text, onUnreadable }));
    const replaced = new Set(own.map(({ id }) => id));
    const shipped = shippedTemplates.filter(({ id }) => !replaced.has(id));
    return [...shipped, ...own]
      .map((template) => ({ ...template, shipped: shipped.includes(template), record: recordOf(stats[template.id]) }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async function get(id: string): Promise<ListedTemplate> {
    const found = (await list()).find((template) => template.id === id);
    if (found === undefined) throw new BatonError('template_not_found', `There is no template "${id}".`);
    return found;
  }

  return {
    list,
    get,
    put: async (template) => {
      if ((await redis.hexists(keys.templates, template.id)) === 0) {
        const count = await redis.hlen(keys.templates);
        if (count >= limits.templates) throw tooMany();
      }
      const added = (await redis.hset(keys.templates, template.id, JSON.stringify(template))) === 1;
      return added && !isShipped(template.id);
    },
    remove: async (id) => {
      const removed = await redis.hdel(keys.templates, id);
      if (removed === 1) await redis.hdel(keys.templateStats, id);
      else if (isShipped(id)) throw undeletable(id);
      else throw new BatonError('template_not_found', `There is no template "${id}".`);
    },
  };
}

function isShipped(id: string): boolean {
  return shippedTemplates.some((template) => template.id === id);
}

function tooMany(): BatonError {
  const message = `expected at most ${limits.templates} templates beside the shipped ones; delete one first`;
  return faultyError('invalid_request', [{ path: 'id', message }]);
}

function undeletable(id: string): BatonError {
  const message = `"${id}" ships with baton: it can be replaced by PUT, and not deleted`;
  return faultyError('invalid_request', [{ path: 'id', message }]);
}

type Stored = {
  readonly id: string;
  readonly text: string;
  readonly onUnreadable: NonNullable<TemplateStoreOptions['onUnreadable']>;
};

function parseStored({ id, text, onUnreadable }: Stored): readonly Template[] {
  try {
    return [Template.parse(JSON.parse(text))];
  } catch (cause) {
    onUnreadable(id, cause);
    return [];
  }
}

/** Success begins at 1 and follows what came: (1 + completed) / (1 + completed + failed). */
function recordOf(stats: string | undefined): TemplateRecord {
  const { made = 0, completed = 0, failed = 0, ms = 0 }: Partial<Record<string, number>> = JSON.parse(stats ?? '{}');
  const success = (1 + completed) / (1 + completed + failed);
  return { made, completed, failed, success, mean_ms: completed === 0 ? null : ms / completed };
}

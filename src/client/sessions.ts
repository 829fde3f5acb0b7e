import { SessionView } from '../contracts/session-view.ts';
import type { Http } from './http.ts';

type Call = Readonly<{ signal?: AbortSignal | undefined }>;

export type SessionClient = {
  /** One page of a session's runs, newest first; throws session_not_found. */
  session(
    id: string,
    options?: Call & Readonly<{ limit?: number | undefined; cursor?: string | undefined }>,
  ): Promise<SessionView>;
  /** Forgets what was said in it; its runs stay. Throws session_busy while one of them has not ended. */
  forgetSession(id: string, options?: Call): Promise<void>;
};

/** What a client can do with sessions; a run joins one by its `session_id`. */
export function openSessionClient(http: Http): SessionClient {
  return {
    session: (id, { limit, cursor, signal } = {}) => {
      const query = new URLSearchParams({
        ...(limit !== undefined && { limit: `${limit}` }),
        ...(cursor !== undefined && { cursor }),
      });
      return http.load(SessionView, { path: `${pathOf(id)}?${query}`, signal });
    },
    forgetSession: async (id, { signal } = {}) =>
      void (await http.send({ path: pathOf(id), method: 'DELETE', signal })),
  };
}

function pathOf(id: string): string {
  return `v1/sessions/${encodeURIComponent(id)}`;
}

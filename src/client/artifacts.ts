import { ArtifactList, isFilePath } from '../contracts/artifact.ts';
import { BatonError } from '../contracts/error.ts';
import type { Http } from './http.ts';
import { pathOf } from './stream.ts';

type Call = Readonly<{ signal?: AbortSignal | undefined }>;

export type ArtifactClient = {
  /** The files that a run's agents have written so far, by path. Their names and texts are strangers': check both before you write them down. */
  artifacts(run: string, options?: Call): Promise<ArtifactList>;
  /** One file's text; throws artifact_not_found. */
  artifact(run: string, path: string, options?: Call): Promise<string>;
};

/** What a client can do with a run's files. */
export function openArtifactClient(http: Http): ArtifactClient {
  return {
    artifacts: (run, { signal } = {}) => http.load(ArtifactList, { path: `${pathOf(run)}/artifacts`, signal }),
    artifact: async (run, path, { signal } = {}) => {
      // An address with ".." in it would be another one.
      if (!isFilePath(path)) throw new BatonError('artifact_not_found');
      const parts = path.split('/').map(encodeURIComponent).join('/');
      return http.loadText({ path: `${pathOf(run)}/artifacts/${parts}`, signal });
    },
  };
}

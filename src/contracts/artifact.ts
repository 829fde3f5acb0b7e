import { z } from 'zod';
import { RunId } from './ids.ts';

/** Bounds of artifacts: of one task's answer, and of a run. */
export const artifactLimits = { filesPerTask: 200, filesPerRun: 1_000, pathChars: 200, pathParts: 20 } as const;

/** Whether a name is a plain relative path, which may be written below any folder. */
export function isFilePath(name: string): boolean {
  const parts = name.split('/');
  const { pathChars, pathParts } = artifactLimits;
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  const isShort = name.length <= pathChars && parts.length <= pathParts;
  return isPlain && isShort && name.isWellFormed() && !/[\\\p{Cc}]/u.test(name);
}

/** A file that a task's answer holds. */
export const Artifact = z.object({
  path: z.string(),
  task_id: z.string(),
  agent_id: z.string(),
  bytes: z.int(),
  href: z.string(),
});
export type Artifact = z.infer<typeof Artifact>;

/** GET /v1/runs/{id}/artifacts: by path. `left_out`: files beyond the bound of a run. */
export const ArtifactList = z.object({ run_id: RunId, artifacts: z.array(Artifact), left_out: z.int() });
export type ArtifactList = z.infer<typeof ArtifactList>;

/** Oldest Redis baton works with: its scripts and streams need functions of 7.0 (architecture, Redis keys). */
export const MINIMUM_VERSION = '7.0';

/** Whether a version like 7.0.15 is new enough. Valkey reports a redis_version of 7.2.4. */
export function isSupported(version: string): boolean {
  const major = Number.parseInt(version, 10);
  return major >= Number.parseInt(MINIMUM_VERSION, 10);
}

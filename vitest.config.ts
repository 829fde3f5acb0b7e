import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
    // Two cores are what CI has, and integration tests mostly wait; every file starts a Redis of its own.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: './test/support/redis-binary.ts',
          pool: 'forks',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Samples of the long suites, and what takes as long: `npm test` runs them, `npm run check` does not.
          name: 'samples',
          include: ['test/samples/**/*.test.ts'],
          globalSetup: './test/support/redis-binary.ts',
          pool: 'forks',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: './test/support/redis-binary.ts',
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // Whole stacks of processes with real signals: one file at a time keeps them honest.
          fileParallelism: false,
        },
      },
      {
        test: {
          // The full doses of what the other projects try in small: by hand, figures in docs/testing.md.
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          globalSetup: './test/support/redis-binary.ts',
          pool: 'forks',
          testTimeout: 1_800_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

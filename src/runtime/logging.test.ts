import { expect, test } from 'vitest';
import { openLog } from './logging.ts';

function logged(write: (log: ReturnType<typeof openLog>) => void, level = 'info'): string[] {
  const lines: string[] = [];
  write(openLog({ level, name: 'test' }, { write: (line) => void lines.push(line) }));
  return lines;
}

test('a line is one JSON object with level, name and time', () => {
  const [line = ''] = logged((log) => log.info({ run: 'r1' }, 'hello\nworld'));
  expect(line.trimEnd()).not.toContain('\n');
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    name: 'test',
    run: 'r1',
    msg: 'hello\nworld',
    pid: process.pid,
  });
});

test('lines below the level are not written', () => {
  expect(logged((log) => log.debug('x'))).toEqual([]);
});

test('secrets are not written, at any of three levels', () => {
  const [line = ''] = logged((log) =>
    log.info({
      password: 'hunter2',
      config: { openaiApiKey: 'hunter2', redisUrl: 'redis://:hunter2@h' },
      req: { headers: { authorization: 'Basic hunter2', accept: 'text/plain' } },
    }),
  );
  expect(line).not.toContain('hunter2');
  expect(line).toContain('text/plain');
});

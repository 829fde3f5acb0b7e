import { expect, test } from 'vitest';
import { commandFinding, nodeFinding } from './doctor.ts';

test.each(['22.22.0', '22.100.1', '24.0.0', '26.10.0'])('Node %s is new enough', (version) => {
  expect(nodeFinding(version).state).toBe('ok');
});

test.each(['20.20.2', '22.21.9', '9.99.0'])('Node %s is too old, and the finding says what to do', (version) => {
  expect(nodeFinding(version)).toMatchObject({ state: 'fault', text: expect.stringContaining('install Node 24') });
});

test('a command whose program is missing is a note that says so, since other workers may have it', () => {
  const command = { name: 'unittest', sandbox: 'none' as const };
  expect(commandFinding({ ...command, fault: null })).toMatchObject({ state: 'ok' });
  expect(commandFinding({ ...command, fault: 'there is no program "python3"' })).toEqual({
    ...{ subject: 'command', state: 'warning' },
    text: 'unittest cannot be run here: there is no program "python3", so its agents get work from other workers only',
  });
});

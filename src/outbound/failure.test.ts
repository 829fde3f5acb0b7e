import { expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { toFailure } from './failure.ts';

const failed = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('10.0.0.7:1'), { code }) });

test.each([
  ['ECONNREFUSED', 'the connection was refused'],
  ['ENOTFOUND', 'its host name is not known'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the connection was not accepted in time'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['BATON_SPKI_MISMATCH', 'its public key is not the pinned one'],
  [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'it refused the TLS handshake, as it does when it asks for another client certificate',
  ],
  ['SOMETHING_ELSE', 'there was no connection'],
])('a failure before the answer (%s) says why, without an address', (code, why) => {
  const error = toFailure(failed(code), 'connect', 'The agent');
  expect(error).toMatchObject({ code: 'agent_unreachable', message: `The agent could not be reached: ${why}.` });
  expect(error.cause).toBeInstanceOf(TypeError);
});

test('a failure in the body is an incomplete answer', () => {
  expect(toFailure(failed('UND_ERR_SOCKET'), 'body', 'The agent').code).toBe('agent_incomplete');
});

test('an error of ours passes as it is, also inside another', () => {
  const ours = new BatonError('draining');
  expect(toFailure(ours, 'connect', 'The agent')).toBe(ours);
  expect(toFailure(new TypeError('terminated', { cause: ours }), 'body', 'The agent')).toBe(ours);
});

test('a cause that points back at itself ends', () => {
  const circular = new Error('round');
  circular.cause = circular;
  expect(toFailure(circular, 'connect', 'The agent').code).toBe('agent_unreachable');
});

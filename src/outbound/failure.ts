import { BatonError } from '../contracts/error.ts';
import { causesOf } from './causes.ts';

/** Where a call was when it failed: before the headers, or in the body. */
export type Stage = 'connect' | 'body';

// Words a user may read; addresses and system messages stay in `cause`. Codes of Node, OpenSSL and undici.
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name could not be looked up',
  EHOSTUNREACH: 'there is no route to its host',
  ENETUNREACH: 'there is no route to its network',
  ETIMEDOUT: 'the connection timed out',
  ECONNRESET: 'the connection was closed before an answer',
  UND_ERR_SOCKET: 'the connection was closed before an answer',
  UND_ERR_CONNECT_TIMEOUT: 'the connection was not accepted in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted',
  CERT_SIGNATURE_FAILURE: 'its certificate is not trusted',
  BATON_SPKI_MISMATCH: 'its public key is not the pinned one',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS at this port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS at this port',
  // The fetch standard's list of ports of other protocols, such as 6000 and 6667; told by text only.
  'bad port': 'its port is one that fetch never opens, choose another',
};

/**
 * What undici threw, as one of our errors: agent_unreachable before the headers, agent_incomplete in the body,
 * agent_protocol for a redirect or an answer that is not HTTP. BatonErrors pass as they are, also as a cause.
 */
export function toFailure(thrown: unknown, stage: Stage, peer: string): BatonError {
  const causes = causesOf(thrown);
  const ours = causes.find((error) => error instanceof BatonError);
  if (ours !== undefined) return ours;
  const misuse = causes.map(misuseOf).find((text) => text !== undefined);
  if (misuse !== undefined) return new BatonError('agent_protocol', `${peer} ${misuse}`, { cause: thrown });
  if (stage === 'body') {
    return new BatonError('agent_incomplete', `${peer} closed the connection before it was done.`, { cause: thrown });
  }
  const reason = causes.map(reasonOf).find((text) => text !== undefined);
  const text = `${peer} could not be reached: ${reason ?? 'there was no connection'}.`;
  return new BatonError('agent_unreachable', text, { cause: thrown });
}

function reasonOf(error: Error): string | undefined {
  const code = codeOf(error);
  // OpenSSL names an alert of the peer differently in each version of TLS. Over TLS 1.3 some peers just close the connection.
  if (/^ERR_SSL_.*ALERT/.test(code))
    return 'it refused the TLS handshake, as it does when it asks for another client certificate';
  return reasons[code] ?? reasons[error.message];
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

// undici marks a refused redirect and a broken HTTP answer by text and name only; the transport suite watches both.
function misuseOf(error: Error): string | undefined {
  if (error.message === 'unexpected redirect') return 'answered with a redirect; redirects are not followed.';
  if (codeOf(error) === 'UND_ERR_HEADERS_OVERFLOW') return 'sent more than 16 KiB of headers.';
  if (error.name === 'HTTPParserError') return 'did not answer in HTTP/1.1.';
  return undefined;
}

import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import type { buildConnector } from 'undici';
import type { AgentTls } from '../contracts/agent-access.ts';
import { type Secrets, unavailable } from './secrets.ts';

type Pem = Readonly<{ ref: string; text: string }>;

/** The TLS side of one agent, as read: equal ones share connections, and a rotated certificate makes another one. */
export type TlsIdentity = Readonly<{
  /** A digest of all that follows. */
  id: string;
  ca: Pem | null;
  cert: Pem | null;
  key: Pem | null;
  pinnedSpki: string | null;
}>;

/** Reads the certificates and keys that `tls` refers to. Throws secret_unavailable. */
export async function loadTlsIdentity(tls: AgentTls, secrets: Secrets): Promise<TlsIdentity> {
  const read = async (ref: string | undefined): Promise<Pem | null> =>
    ref === undefined ? null : { ref, text: await secrets.read(ref) };
  const [ca, cert, key] = await Promise.all([read(tls.ca_ref), read(tls.cert_ref), read(tls.key_ref)]);
  const material = { ca, cert, key, pinnedSpki: tls.pinned_spki ?? null };
  return { id: createHash('sha256').update(JSON.stringify(material)).digest('base64'), ...material };
}

/** What a connector needs for it. Throws secret_unavailable that names the reference which holds no certificate or key. */
export function toConnectOptions({ ca, cert, key, pinnedSpki }: TlsIdentity): buildConnector.BuildOptions {
  // Tried one by one: together they would fail without saying which, and a CA without a certificate in it would not fail at all.
  if (ca !== null) attempt(ca.ref, 'expected a certificate in PEM', () => new X509Certificate(ca.text));
  if (cert !== null) attempt(cert.ref, 'expected a certificate in PEM', () => new X509Certificate(cert.text));
  if (key !== null) attempt(key.ref, 'expected a private key in PEM, not encrypted', () => createPrivateKey(key.text));
  const secureContext = attempt(key?.ref ?? ca?.ref ?? '', 'expected the key of its certificate', () =>
    createSecureContext({
      ...(ca === null ? {} : { ca: ca.text }),
      ...(cert === null ? {} : { cert: cert.text }),
      ...(key === null ? {} : { key: key.text }),
    }),
  );
  return {
    secureContext,
    ...(pinnedSpki === null ? {} : { checkServerIdentity: (host, peer) => checkPinned(host, peer, pinnedSpki) }),
  };
}

/** OpenSSL's own error says nothing that helps, and is not kept: it comes from where a key is read. */
function attempt<T>(ref: string, why: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw unavailable(ref, why);
  }
}

/** In addition to the chain and the name: the server's public key must be the one that was registered (RFC 7469, 2.4). */
function checkPinned(host: string, peer: PeerCertificate, pinnedSpki: string): Error | undefined {
  const otherName = checkServerIdentity(host, peer);
  if (otherName !== undefined) return otherName;
  const spki = new X509Certificate(peer.raw).publicKey.export({ type: 'spki', format: 'der' });
  if (createHash('sha256').update(spki).digest('base64') === pinnedSpki) return undefined;
  return Object.assign(new Error(`the public key of ${host} is not the pinned one`), { code: 'BATON_SPKI_MISMATCH' });
}

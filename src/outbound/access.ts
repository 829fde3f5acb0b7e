import type { AgentAccess, AgentAuth } from '../contracts/agent-access.ts';
import { type Secrets, unavailable } from './secrets.ts';
import { loadTlsIdentity, type TlsIdentity } from './tls-identity.ts';

/** An access with its secrets read, for one call: never kept, logged or sent anywhere but to the agent. */
export type Grant = Readonly<{ headers: Readonly<Record<string, string>>; identity: TlsIdentity | null }>;

/** Reads the secrets of an access, anew for each call. Throws secret_unavailable. */
export async function loadGrant(access: AgentAccess | undefined, secrets: Secrets): Promise<Grant> {
  const { auth = null, tls = null } = access ?? {};
  const [headers, identity] = await Promise.all([
    auth === null ? {} : headersOf(auth, secrets),
    tls === null ? null : loadTlsIdentity(tls, secrets),
  ]);
  return { headers, identity };
}

async function headersOf(auth: AgentAuth, secrets: Secrets): Promise<Record<string, string>> {
  const value = await secrets.read(auth.secret_ref);
  // A line end would begin another header. Others are refused here since fetch tells the value in its error.
  if (!/^[\x20-\x7e]+$/.test(value)) throw unavailable(auth.secret_ref, 'a header holds one line of ASCII characters');
  return auth.kind === 'bearer' ? { authorization: `Bearer ${value}` } : { [auth.name]: value };
}

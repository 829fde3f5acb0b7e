import { z } from 'zod';

/**
 * Where a secret lies, never the secret itself: `env:BATON_SECRET_<NAME>`, or `file:<name>` in the folder of BATON_SECRETS_DIR.
 * Nothing else of a process's environment or disk can be named, so that a registration cannot ask for what is not meant for agents.
 */
export const SecretRef = z
  .string()
  .regex(
    /^(env:BATON_SECRET_[A-Z0-9_]{1,64}|file:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})$/,
    'expected env:BATON_SECRET_<NAME>, or file:<name> of a file in BATON_SECRETS_DIR',
  );

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'expected the name of a header')
  .refine((name) => !reservedHeaders.has(name.toLowerCase()), 'expected a header that baton does not set itself');

/** What baton and the protocols it speaks set, and what a connection is about. */
const reservedHeaders: ReadonlySet<string> = new Set([
  'a2a-version',
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'last-event-id',
  'mcp-protocol-version',
  'mcp-session-id',
  'te',
  'traceparent',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-baton-attempt',
]);

/** How baton shows an agent that it may call it: a bearer token, or a header of the agent's own. */
export const AgentAuth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bearer'), secret_ref: SecretRef }),
  z.strictObject({ kind: z.literal('header'), name: headerName, secret_ref: SecretRef }),
]);
export type AgentAuth = z.infer<typeof AgentAuth>;

/** TLS of one agent. Certificates and keys are PEM; `pinned_spki` is the SHA-256 of the server's public key (SPKI, DER) in base64, as in RFC 7469. */
export const AgentTls = z
  .strictObject({
    ca_ref: SecretRef.optional(),
    cert_ref: SecretRef.optional(),
    key_ref: SecretRef.optional(),
    pinned_spki: z
      .string()
      .regex(/^[A-Za-z0-9+/]{43}=$/, 'expected the base64 of a SHA-256')
      .optional(),
  })
  .refine((tls) => (tls.cert_ref === undefined) === (tls.key_ref === undefined), {
    path: ['cert_ref'],
    message: 'expected cert_ref and key_ref together or neither',
  });
export type AgentTls = z.infer<typeof AgentTls>;

/** What a call needs beside the address. */
export const AgentAccess = z.object({
  auth: AgentAuth.nullable().default(null),
  tls: AgentTls.nullable().default(null),
});
export type AgentAccess = z.infer<typeof AgentAccess>;

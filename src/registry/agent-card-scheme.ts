import { z } from 'zod';

/** What a scheme of a card wants with each call. `label` is for whoever reads why a registration was refused. */
export type CardScheme = Readonly<{
  kind: 'bearer' | 'header' | 'mtls' | 'unknown';
  label: string;
  /** In lower case; the name of the header of kind header. */
  header?: string;
}>;

const text = z.string().max(200);
const ApiKey = z.looseObject({ name: text, in: text.optional(), location: text.optional() });
const Http = z.looseObject({ scheme: text });
const CaseScheme = z.looseObject({ scheme: z.looseObject({ $case: text, value: z.unknown() }) });
const LegacyScheme = z.looseObject({ type: text });

/** Reads one scheme of a card of either version; one that nobody knows is `unknown`. */
export function parseScheme(name: string, value: unknown): CardScheme {
  const { type, fields } = shapeOf(value);
  switch (type) {
    case 'apiKey':
      return apiKeyScheme(name, fields);
    case 'http':
    case 'httpAuth':
      return httpScheme(name, fields);
    case 'oauth2':
    case 'openIdConnect':
      return { kind: 'bearer', label: `"${name}" (${type}: a bearer token)` };
    case 'mutualTLS':
    case 'mtls':
      return { kind: 'mtls', label: `"${name}" (a client certificate)` };
    default:
      return { kind: 'unknown', label: `"${name}" (${type})` };
  }
}

/** 0.3 names the type in `type`; 1.0 calls a field by it, `httpAuthSecurityScheme`; the SDK's servers put that name into `scheme.$case`. */
function shapeOf(value: unknown): { readonly type: string; readonly fields: unknown } {
  const cased = CaseScheme.safeParse(value).data?.scheme;
  if (cased !== undefined) return { type: shortOf(cased.$case), fields: cased.value };
  const legacy = LegacyScheme.safeParse(value).data;
  if (legacy !== undefined) return { type: legacy.type, fields: legacy };
  const [field] = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return { type: shortOf(field?.[0] ?? 'of no type'), fields: field?.[1] };
}

function shortOf(field: string): string {
  return field.replace(/SecurityScheme$/, '').slice(0, 100);
}

function apiKeyScheme(name: string, fields: unknown): CardScheme {
  const { name: header = '', in: legacy, location = legacy } = ApiKey.safeParse(fields).data ?? {};
  const label = `"${name}" (an API key in the ${location ?? 'request'} "${header}")`;
  return location === 'header' ? { kind: 'header', label, header: header.toLowerCase() } : { kind: 'unknown', label };
}

function httpScheme(name: string, fields: unknown): CardScheme {
  const { scheme = '' } = Http.safeParse(fields).data ?? {};
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', label: `"${name}" (a bearer token)` };
  return { kind: 'header', label: `"${name}" (HTTP ${scheme}, in "authorization")`, header: 'authorization' };
}

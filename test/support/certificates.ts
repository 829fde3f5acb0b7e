import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate and its key in PEM, and the pin of its public key. */
export type Certificate = Readonly<{ cert: string; key: string; spki: string }>;

export type Subject = Readonly<{
  name: string;
  /** Host names and IPv4 addresses it is for. */
  hosts?: readonly string[];
  notAfter?: Date;
}>;

/** An authority that was made for one test and is trusted by whoever is given `cert`. */
export type Authority = Certificate & Readonly<{ issue(subject: Subject): Certificate }>;

const DAY_MS = 86_400_000;

/** Node makes keys and signatures but no certificates: these are written in DER by hand (RFC 5280, P-256 keys). */
export function makeAuthority(name: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own = { name, publicKey: keys.publicKey, isAuthority: true };
  const certificate = toCertificate(own, { name, privateKey: keys.privateKey }, keys.privateKey);
  const issue = (subject: Subject): Certificate => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return toCertificate({ ...subject, publicKey }, { name, privateKey: keys.privateKey }, privateKey);
  };
  return { ...certificate, issue };
}

type Holder = Subject & Readonly<{ publicKey: KeyObject; isAuthority?: boolean }>;
type Issuer = Readonly<{ name: string; privateKey: KeyObject }>;

function toCertificate(holder: Holder, issuer: Issuer, privateKey: KeyObject): Certificate {
  const spki = holder.publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = sequence(objectId('2a8648ce3d040302')); // ecdsa-with-SHA256
  const signed = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    distinguishedName(issuer.name),
    sequence(time(new Date(Date.now() - 2 * DAY_MS)), time(holder.notAfter ?? new Date(Date.now() + 2 * DAY_MS))),
    distinguishedName(holder.name),
    spki,
    tagged(0xa3, sequence(...extensionsOf(holder))),
  );
  const signature = sign('sha256', signed, issuer.privateKey);
  const der = sequence(signed, algorithm, tagged(0x03, Buffer.from([0]), signature));
  return {
    cert: new X509Certificate(der).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    spki: createHash('sha256').update(spki).digest('base64'),
  };
}

function extensionsOf({ isAuthority = false, hosts = [] }: Holder): readonly Buffer[] {
  const constraints = isAuthority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence();
  const names = hosts.map((host) =>
    isIPv4(host) ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host)),
  );
  const basic = sequence(objectId('551d13'), tagged(0x04, constraints));
  return names.length === 0 ? [basic] : [basic, sequence(objectId('551d11'), tagged(0x04, sequence(...names)))];
}

function distinguishedName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(name)))));
}

/** GeneralizedTime: RFC 5280 wants UTCTime before 2050, OpenSSL reads both. */
function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

function integer(value: Buffer): Buffer {
  return tagged(0x02, value);
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from([content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from([tag, 0x82]), length, content]);
}

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Signer with a certificate as Fulcio issues it. */
export interface TestIdentity {
  /** A URL. */
  identity: string;
  issuer: string;
  /** Between these it may sign; ISO 8601. */
  from: string;
  until: string;
}

/** A certificate with its key. */
export interface TestCertificate {
  pem: string;
  privateKey: KeyObject;
}

/**
 * A Sigstore of our own, without its servers: an authority for certificates and a transparency log.
 */
export interface SigningAuthority {
  /** JSON of its trusted root. */
  trustedRoot: string;
  issue(identity: TestIdentity): TestCertificate;
  /**
   * Adds a body to the log; returns what cosign keeps in the annotation
   * `dev.sigstore.cosign/bundle`.
   */
  log(body: Record<string, unknown>, at: string): Record<string, unknown>;
}

const oids = {
  ecdsaSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  subjectAltName: '2.5.29.17',
  /** @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md */
  issuer: '1.3.6.1.4.1.57264.1.8',
};
const authorityName = 'tidewaiter test authority';

export function signingAuthority(): SigningAuthority {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const log = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const logKey = log.publicKey.export({ type: 'spki', format: 'der' });
  const logId = createHash('sha256').update(logKey).digest();
  const validity = { from: '2020-01-01T00:00:00Z', until: '2049-01-01T00:00:00Z' };
  const isAuthority = extension(oids.basicConstraints, sequence(der(0x01, Buffer.from([0xff]))));
  const root = certificate(authority.privateKey, authorityName, authority.publicKey, validity, [isAuthority]);
  const validFor = { start: validity.from };
  return {
    trustedRoot: JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      certificateAuthorities: [{ certChain: { certificates: [{ rawBytes: root.toString('base64') }] }, validFor }],
      tlogs: [
        {
          baseUrl: 'https://log.example.com',
          hashAlgorithm: 'SHA2_256',
          publicKey: { rawBytes: logKey.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
          logId: { keyId: logId.toString('base64') },
        },
      ],
      ctlogs: [],
      timestampAuthorities: [],
    }),
    issue({ identity, issuer, ...valid }) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = [
        extension(oids.subjectAltName, sequence(der(0x86, Buffer.from(identity)))),
        extension(oids.issuer, der(0x0c, Buffer.from(issuer))),
      ];
      const bytes = certificate(authority.privateKey, identity.slice(0, 40), publicKey, valid, extensions);
      return { pem: pemOf(bytes), privateKey };
    },
    log(body, at) {
      const entry = {
        body: Buffer.from(JSON.stringify(body)).toString('base64'),
        integratedTime: Date.parse(at) / 1000,
        logID: logId.toString('hex'),
        logIndex: 1,
      };
      // The names are in the order of canonical JSON.
      const promise = sign('sha256', Buffer.from(JSON.stringify(entry)), log.privateKey).toString('base64');
      return { SignedEntryTimestamp: promise, Payload: entry };
    },
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
function certificate(
  signer: KeyObject,
  subject: string,
  publicKey: KeyObject,
  { from, until }: { from: string; until: string },
  extensions: readonly Buffer[],
): Buffer {
  const algorithm = sequence(objectId(oids.ecdsaSha256));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    nameOf(authorityName),
    sequence(timeOf(from), timeOf(until)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  return sequence(body, algorithm, der(0x03, Buffer.from([0]), sign('sha256', body, signer)));
}

function nameOf(text: string): Buffer {
  return sequence(der(0x31, sequence(objectId(oids.commonName), der(0x0c, Buffer.from(text)))));
}

function timeOf(text: string): Buffer {
  return der(0x17, Buffer.from(`${text.replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(objectId(oid), der(0x04, value));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function objectId(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

function pemOf(bytes: Buffer): string {
  const lines = bytes.toString('base64').replaceAll(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, Verifier } from '@sigstore/verify';
import { InvalidInput } from '@tidewaiter/domain';

/** Configured signer whose signatures count. */
export type TrustedSigner =
  | { name: string; /** PEM of a public key or of a certificate: ECDSA, RSA or Ed25519. */ key: string }
  | {
      name: string;
      /** Subject of the certificate; `*` matches any characters. */
      identity: string;
      issuer: string;
      /** JSON of a trusted root, or several, one on each line. */
      trustedRoot: string;
    };

export interface KeySigner {
  name: string;
  key: KeyObject;
  /** SHA-256 of the public key's SPKI in DER. */
  fingerprint: Buffer;
}

export interface CertificateSigner {
  name: string;
  identity: string;
  issuer: string;
  /** One for each trusted root. */
  verifiers: Verifier[];
}

/** Keys and certificates whose signatures count. */
export interface Trust {
  keys: KeySigner[];
  certificates: CertificateSigner[];
}

const keyTypes = new Set(['ec', 'rsa', 'rsa-pss', 'ed25519']);

/** @throws InvalidInput `KEY_INVALID`, `TRUSTED_ROOT_INVALID` */
export function readTrust(signers: readonly TrustedSigner[]): Trust {
  const keys = signers.flatMap((each) => ('key' in each ? keySigner(each.name, each.key) : []));
  const certificates = signers.flatMap((each) => {
    if ('key' in each) return [];
    const { name, identity, issuer, trustedRoot } = each;
    return { name, identity, issuer, verifiers: readRoots(name, trustedRoot) };
  });
  return { keys, certificates };
}

function keySigner(name: string, pem: string): KeySigner {
  const key = readKey(name, pem);
  if (!keyTypes.has(key.asymmetricKeyType ?? '')) {
    throw new InvalidInput(
      'KEY_INVALID',
      `the key of ${name} is of kind ${key.asymmetricKeyType}, which signs no images`,
    );
  }
  const fingerprint = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
  return { name, key, fingerprint };
}

function readKey(name: string, pem: string): KeyObject {
  // Node would extract the public half: an operator who configures a private key by mistake needs
  // an error.
  if (/PRIVATE KEY-----/.test(pem)) throw new InvalidInput('KEY_INVALID', `the key of ${name} is a private key`);
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new InvalidInput('KEY_INVALID', `the key of ${name} is no public key in PEM`, { cause });
  }
}

function readRoots(name: string, text: string): Verifier[] {
  try {
    return documents(text).map((document) => verifierOf(TrustedRoot.fromJSON(document)));
  } catch (cause) {
    throw new InvalidInput('TRUSTED_ROOT_INVALID', `the trusted root of ${name} cannot be read`, { cause });
  }
}

/**
 * One document over many lines, or one per line: GitHub has a root for public and another for
 * private repositories.
 */
function documents(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch (error) {
    if (text.trim() === '') throw error;
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as unknown);
  }
}

/**
 * Requires every kind of proof that a root lists: one with a transparency log accepts nothing that
 * is not logged.
 */
function verifierOf(root: TrustedRoot): Verifier {
  if (root.certificateAuthorities.length === 0)
    throw new InvalidInput('TRUSTED_ROOT_INVALID', 'no certificate authority');
  return new Verifier(toTrustMaterial(root), {
    tlogThreshold: root.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
}

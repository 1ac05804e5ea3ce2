import { type KeyObject, verify } from 'node:crypto';

import type { Bundle } from '@sigstore/bundle';
import { toSignedEntity, VerificationError, type Signer as CertificateHolder } from '@sigstore/verify';
import { matchesWildcard, type RefusalCode, type Signer } from '@tidewaiter/domain';

import type { SignedPayload } from './signed.js';
import type { CertificateSigner, KeySigner, Trust } from './trust.js';

/** Reason why a signature is not accepted. */
export interface SignatureRefusal {
  code: RefusalCode;
  reason: string;
}

/** Returns the trusted signer of an artifact, or the reason why there is none. */
export function signerOf(signed: SignedPayload, trust: Trust): Signer | SignatureRefusal {
  if (signed.signatures.length === 0) return { code: 'UNSIGNED', reason: 'no signature' };
  const key = trust.keys.find(({ key }) => isSignedBy(signed, key));
  if (key) return keyHolder(key);
  // Report the refusal that came closest: a valid certificate with another identity.
  const { bundle } = signed;
  const answers = bundle ? trust.certificates.map((each) => certificateSigner(bundle, signed.message, each)) : [];
  const refusals = answers.filter(isRefusal);
  const refusal = refusals.find(({ code }) => code === 'IDENTITY_MISMATCH') ?? refusals[0];
  return answers.find((answer) => !isRefusal(answer)) ?? refusal ?? unknownSigner(signed, trust);
}

export function isRefusal(answer: Signer | SignatureRefusal): answer is SignatureRefusal {
  return 'code' in answer;
}

function keyHolder({ name, fingerprint }: KeySigner): Signer {
  return { name, keyFingerprint: `sha256:${fingerprint.toString('hex')}`, identity: null, issuer: null };
}

/**
 * cosign signs a SHA-256 with every key; newer clients' bundles use the digest that belongs to the
 * curve.
 */
function isSignedBy({ message, signatures }: SignedPayload, key: KeyObject): boolean {
  return signatures.some((signature) => digestsOf(key).some((digest) => holds(digest, message, key, signature)));
}

function digestsOf(key: KeyObject): (string | null)[] {
  if (key.asymmetricKeyType === 'ed25519') return [null];
  return key.asymmetricKeyType === 'ec' ? ['sha256', ...curveDigests(key)] : ['sha256', 'sha384', 'sha512'];
}

function curveDigests(key: KeyObject): string[] {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'secp384r1') return ['sha384'];
  return curve === 'secp521r1' ? ['sha512'] : [];
}

/** OpenSSL throws for malformed signatures. */
function holds(digest: string | null, message: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(digest, message, key, signature);
  } catch {
    return false;
  }
}

function certificateSigner(
  bundle: Bundle,
  message: Buffer,
  { name, identity, issuer, verifiers }: CertificateSigner,
): Signer | SignatureRefusal {
  const holder = certificateHolder(bundle, message, verifiers);
  if ('code' in holder) return holder;
  const found = holder.identity?.subjectAlternativeName ?? '';
  const vouchedBy = holder.identity?.extensions?.issuer ?? '';
  // The workflow of a release has another tag each time.
  if (!matchesWildcard(identity, found) || issuer !== vouchedBy) {
    return { code: 'IDENTITY_MISMATCH', reason: `signed by ${found} of ${vouchedBy}` };
  }
  return { name, keyFingerprint: null, identity: found, issuer: vouchedBy };
}

/** Tries each trusted root; returns the refusal of the last one. */
function certificateHolder(
  bundle: Bundle,
  message: Buffer,
  verifiers: CertificateSigner['verifiers'],
): CertificateHolder | SignatureRefusal {
  let refusal: SignatureRefusal = { code: 'CERTIFICATE_UNTRUSTED', reason: 'no trusted root configured' };
  for (const verifier of verifiers) {
    try {
      return verifier.verify(toSignedEntity(bundle, message));
    } catch (error) {
      refusal = refusalOf(error);
    }
  }
  return refusal;
}

/** The library throws errors of any kind for hostile ASN.1. */
function refusalOf(error: unknown): SignatureRefusal {
  if (!(error instanceof VerificationError)) return { code: 'MALFORMED', reason: 'unreadable certificate or proofs' };
  const cause: unknown = error.cause;
  const reason = cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
  if (error.code.startsWith('TLOG_')) return { code: 'LOG_UNVERIFIED', reason };
  if (error.code === 'TIMESTAMP_ERROR') return { code: 'TIMESTAMP_UNVERIFIED', reason };
  return { code: error.code === 'SIGNATURE_ERROR' ? 'SIGNATURE_INVALID' : 'CERTIFICATE_UNTRUSTED', reason };
}

function unknownSigner({ keyHint, bundle }: SignedPayload, { keys, certificates }: Trust): SignatureRefusal {
  if (keys.some(({ fingerprint }) => fingerprint.toString('base64') === keyHint)) {
    return { code: 'SIGNATURE_INVALID', reason: 'signature does not match the configured key that it names' };
  }
  const isByCertificate = bundle !== null && certificates.length === 0;
  const reason = isByCertificate
    ? 'signed with a certificate, but no identity is configured'
    : 'not signed by a configured key';
  return { code: 'SIGNER_UNKNOWN', reason };
}

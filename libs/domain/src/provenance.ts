import type { Digest } from './image.js';

/** Why a signature proves nothing. Stable: scripts and policies refer to them. */
export const refusalCodes = [
  /** It is not what its media type says. */
  'MALFORMED',
  /** A form that we do not read. */
  'UNSUPPORTED',
  /** It carries no signature at all. */
  'UNSIGNED',
  /** No configured key or identity made it, or what it was made for was altered: a key cannot tell the two apart. */
  'SIGNER_UNKNOWN',
  /** It names a trusted key or certificate, and is not made by it. */
  'SIGNATURE_INVALID',
  /** Its certificate does not come from the trusted root, or was not valid when it signed. */
  'CERTIFICATE_UNTRUSTED',
  /** Nobody trusted says when it was made. */
  'TIMESTAMP_UNVERIFIED',
  /** The trusted transparency log does not hold it. */
  'LOG_UNVERIFIED',
  /** A trusted certificate, of somebody else than who is configured. */
  'IDENTITY_MISMATCH',
  /** Signed, but about another image. */
  'SUBJECT_MISMATCH',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** Who made a signature that holds. */
export interface Signer {
  /** As it is configured. */
  name: string;
  /** `sha256:` over the public key (SPKI, DER); null of a certificate. */
  keyFingerprint: string | null;
  /** Subject of the certificate: a mail address, the URL of a workflow; null of a key. */
  identity: string | null;
  /** Who vouched for that identity. */
  issuer: string | null;
}

/** A signature of an image, and whether it holds. */
export interface Signature {
  verified: boolean;
  /** Null when it is verified, and `reason` with it. */
  code: RefusalCode | null;
  /** For people. */
  reason: string | null;
  /** Null unless verified. */
  signer: Signer | null;
  /** The manifest that it was found for: the image, or the index that holds it. */
  subject: Digest;
  /** The manifest that holds it. */
  artifact: Digest;
}

export const attestationKinds = ['provenance', 'sbom', 'vex', 'other'] as const;

export type AttestationKind = (typeof attestationKinds)[number];

/** What somebody states of an image, and whether a signature vouches for it. */
export interface Attestation extends Signature {
  kind: AttestationKind;
  /** @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
  predicateType: string | null;
  /** Who built the image, as its provenance says; like what follows null unless verified. */
  builder: string | null;
  /** Repository of the sources: `https://git.example.com/shop/app`. */
  source: string | null;
  revision: string | null;
  /** ISO 8601. */
  builtAt: string | null;
}

/** A VEX document that lies beside an image, and who vouches for it. */
export interface AttestedVex {
  signer: Signer;
  /** The manifest that holds it. */
  artifact: Digest;
  document: unknown;
}

/** What is signed of an image, verified or not. */
export interface Provenance {
  signatures: Signature[];
  attestations: Attestation[];
}

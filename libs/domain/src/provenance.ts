import type { Digest } from './image.js';

/** Reason why a signature proves nothing. Stable: scripts and policies refer to it. */
export const refusalCodes = [
  /** Its content does not match its media type. */
  'MALFORMED',
  /** An unsupported format. */
  'UNSUPPORTED',
  /** It carries no signature at all. */
  'UNSIGNED',
  /**
   * No configured key or identity made it, or the signed content was altered: a key cannot
   * distinguish the two.
   */
  'SIGNER_UNKNOWN',
  /** Names a trusted key or certificate, but was not made by it. */
  'SIGNATURE_INVALID',
  /** Its certificate does not come from the trusted root, or was not valid when it signed. */
  'CERTIFICATE_UNTRUSTED',
  /** No trusted source confirms its signing time. */
  'TIMESTAMP_UNVERIFIED',
  /** Not in the trusted transparency log. */
  'LOG_UNVERIFIED',
  /** A trusted certificate, but of an identity that is not configured. */
  'IDENTITY_MISMATCH',
  /** Signed, but about another image. */
  'SUBJECT_MISMATCH',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

/** Signer of a verified signature. */
export interface Signer {
  /** Name in the configuration. */
  name: string;
  /** `sha256:` over the public key (SPKI, DER); null for a certificate. */
  keyFingerprint: string | null;
  /** Subject of the certificate: a mail address, the URL of a workflow; null for a key. */
  identity: string | null;
  /** Issuer of that identity. */
  issuer: string | null;
}

/** Signature of an image, and whether it is valid. */
export interface Signature {
  verified: boolean;
  /** Null when it is verified, and `reason` with it. */
  code: RefusalCode | null;
  /** Explanation for readers. */
  reason: string | null;
  /** Null unless verified. */
  signer: Signer | null;
  /** Manifest that it was found for: the image, or its index. */
  subject: Digest;
  /** Manifest that contains it. */
  artifact: Digest;
}

export const attestationKinds = ['provenance', 'sbom', 'vex', 'other'] as const;

export type AttestationKind = (typeof attestationKinds)[number];

/** Statement about an image, and whether a trusted signer signed it. */
export interface Attestation extends Signature {
  kind: AttestationKind;
  /** @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
  predicateType: string | null;
  /**
   * Builder of the image, from its provenance; null unless verified, as are the fields that follow.
   */
  builder: string | null;
  /** Repository of the sources: `https://git.example.com/shop/app`. */
  source: string | null;
  revision: string | null;
  /** ISO 8601. */
  builtAt: string | null;
}

/** VEX document attached to an image, and its verified signer. */
export interface AttestedVex {
  signer: Signer;
  /** Manifest that contains it. */
  artifact: Digest;
  document: unknown;
}

/** Signatures and attestations of an image, verified or not. */
export interface Provenance {
  signatures: Signature[];
  attestations: Attestation[];
}

import { X509Certificate } from 'node:crypto';

import { type Digest, TidewaiterError } from '@tidewaiter/domain';

import { type Artifact, formOf } from './artifact.js';
import { readBuildFacts } from './build-facts.js';
import { recoveredKeys } from './recovered-keys.js';
import { readSigned, type SignedPayload } from './signed.js';
import { isRefusal, signerOf } from './signer.js';
import { readStatement, type Statement } from './statement.js';
import type { Trust } from './trust.js';

/**
 * Signers and builders of an image. Verified only by a configured key or root; otherwise they are
 * claims of the artifacts.
 */
export interface PresentedIdentity {
  /** Whether anything that looks like a signature is attached to the image. */
  signature: boolean;
  provenance: boolean;
  /** Signers that a configured key or root verifies. */
  verifiedSigners: string[];
  /**
   * Signers as claimed by the artifacts: key hint, subject of the certificate, or the two keys that
   * can have made a plain signature.
   */
  claimedSigners: string[];
  builders: string[];
  sources: string[];
  /** Whether keys or roots are configured for the repository. */
  isVerifiable: boolean;
  /** Whether all artifacts could be read. */
  isComplete: boolean;
}

/** Limit on stored names of one kind for one image. */
const maxNames = 16;

/** Reads the signers and builders that the artifacts of an image claim. */
export function presentedIdentity(
  artifacts: ReadonlyMap<Digest, readonly Artifact[]>,
  trust: Trust,
  isComplete: boolean,
): PresentedIdentity {
  const read = [...artifacts].flatMap(([image, some]) => some.flatMap((each) => claimOf(image, each, trust) ?? []));
  const names = (of: (claim: Claim) => string | string[] | null) =>
    [...new Set(read.flatMap((claim) => of(claim) ?? []))].toSorted().slice(0, maxNames);
  return {
    signature: read.some(({ isSigned }) => isSigned),
    provenance: read.some(({ kind }) => kind === 'provenance'),
    verifiedSigners: names(({ verifiedSigner }) => verifiedSigner),
    claimedSigners: names(({ claimedSigners }) => claimedSigners),
    builders: names(({ builder }) => builder),
    sources: names(({ source }) => source),
    isVerifiable: trust.keys.length + trust.certificates.length > 0,
    isComplete,
  };
}

interface Claim {
  kind: Statement['kind'];
  isSigned: boolean;
  verifiedSigner: string | null;
  claimedSigners: string[];
  builder: string | null;
  source: string | null;
}

/** Null if the artifact cannot be read or is about another image: it counts as no signature. */
function claimOf(image: Digest, artifact: Artifact, trust: Trust): Claim | null {
  if (formOf(artifact.mediaType) === 'sbom') return null;
  try {
    const signed = readSigned(artifact);
    const { kind, subjects, predicate } = readStatement(signed);
    if (!subjects.has(image)) return null;
    const signer = signerOf(signed, trust);
    const { builder, source } = kind === 'provenance' ? readBuildFacts(predicate) : { builder: null, source: null };
    return {
      kind,
      isSigned: signed.signatures.length > 0,
      verifiedSigner: isRefusal(signer) ? null : (signer.keyFingerprint ?? withoutRef(signer.identity ?? signer.name)),
      claimedSigners: claimedSigners(signed),
      builder: builder && withoutRef(builder),
      source,
    };
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    return null;
  }
}

/** Claimed signer of an artifact; of a plain signature the keys that can have made it. */
function claimedSigners({ keyHint, bundle, message, signatures }: SignedPayload): string[] {
  if (keyHint !== null && keyHint !== '') return [`key ${keyHint.slice(0, 128)}`];
  const content = bundle?.verificationMaterial.content;
  const der =
    content?.$case === 'certificate'
      ? content.certificate.rawBytes
      : content?.$case === 'x509CertificateChain'
        ? content.x509CertificateChain.certificates[0]?.rawBytes
        : undefined;
  if (der !== undefined) return subjectOf(der);
  return signatures.flatMap((signature) => recoveredKeys(message, signature)).map((key) => `key ${key}`);
}

function subjectOf(der: Uint8Array): string[] {
  try {
    const { subjectAltName, subject } = new X509Certificate(der);
    const name = subjectAltName ?? subject ?? '';
    return name === '' ? [] : [withoutRef(name.slice(0, 512))];
  } catch {
    return [];
  }
}

/** Strips versions: a workflow has another tag with each release, and a builder another version. */
function withoutRef(identity: string): string {
  return identity.replace(/@(?:refs\/|v?\d|[0-9a-f]{40}$).*$/s, '');
}

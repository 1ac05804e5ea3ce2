import {
  type Attestation,
  type AttestedVex,
  type Digest,
  type Provenance,
  type Signature,
  type Signer,
  TidewaiterError,
} from '@tidewaiter/domain';

import { type Artifact, formOf } from './artifact.js';
import { noBuildFacts, readBuildFacts } from './build-facts.js';
import { readSigned } from './signed.js';
import { isRefusal, type SignatureRefusal, signerOf } from './signer.js';
import { readStatement, type Statement } from './statement.js';
import type { Trust } from './trust.js';

/** Verified provenance of an image, with the documents that trusted signers signed. */
export interface VerifiedImage extends Provenance {
  vex: AttestedVex[];
  sboms: AttestedSbom[];
}

/** SBOM attached to an image, and its verified signer. */
export interface AttestedSbom {
  signer: Signer;
  /** Manifest that contains it. */
  artifact: Digest;
  document: unknown;
}

/**
 * Verifies the artifacts of an image, without network requests. Forged artifacts, and those of
 * other images or unknown signers, are reported with a code and state no facts.
 */
export function verifyImage(image: Digest, artifacts: Iterable<Artifact>, trust: Trust): VerifiedImage {
  const signatures: Signature[] = [];
  const attestations: Attestation[] = [];
  const vex: AttestedVex[] = [];
  const sboms: AttestedSbom[] = [];
  for (const artifact of artifacts) {
    const { statement, signer } = examine(image, artifact, trust);
    const signature = signatureOf(image, artifact, signer);
    const kind = statement?.kind ?? claimedKind(artifact);
    if (kind === 'signature') {
      signatures.push(signature);
      continue;
    }
    const isBuilt = signature.verified && kind === 'provenance';
    const facts = isBuilt ? readBuildFacts(statement?.predicate) : noBuildFacts;
    attestations.push({ ...signature, kind, predicateType: statement?.predicateType ?? null, ...facts });
    if (isRefusal(signer)) continue;
    const signed = { signer, artifact: artifact.manifest, document: statement?.predicate };
    if (kind === 'vex') vex.push(signed);
    if (kind === 'sbom') sboms.push(signed);
  }
  return { signatures, attestations, vex, sboms };
}

/** Statement of an artifact, as far as it can be read, and its signer. */
interface Examination {
  statement?: Statement;
  signer: Signer | SignatureRefusal;
}

function examine(image: Digest, artifact: Artifact, trust: Trust): Examination {
  if (formOf(artifact.mediaType) === 'sbom') {
    return { signer: { code: 'UNSIGNED', reason: 'unsigned SBOM' } };
  }
  try {
    const signed = readSigned(artifact);
    const statement = readStatement(signed);
    const signer = signerOf(signed, trust);
    // Only for trusted signers: others may write any subject, so a mismatch would prove nothing.
    if (isRefusal(signer) || statement.subjects.has(image)) return { statement, signer };
    return { statement, signer: { code: 'SUBJECT_MISMATCH', reason: `signed by ${signer.name}, about another image` } };
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    const code = error.code === 'UNSUPPORTED' ? 'UNSUPPORTED' : 'MALFORMED';
    return { signer: { code, reason: error.message } };
  }
}

function signatureOf(subject: Digest, { manifest: artifact }: Artifact, answer: Signer | SignatureRefusal): Signature {
  const place = { subject, artifact };
  if (isRefusal(answer)) return { verified: false, code: answer.code, reason: answer.reason, signer: null, ...place };
  return { verified: true, code: null, reason: null, signer: answer, ...place };
}

/** Kind of an unreadable artifact, by its media type. */
function claimedKind({ mediaType }: Artifact): Statement['kind'] {
  const form = formOf(mediaType);
  if (form === 'sbom') return 'sbom';
  return form === 'simple-signing' ? 'signature' : 'other';
}

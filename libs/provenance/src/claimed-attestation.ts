import { type AttestationKind, type CiRun, type Digest, InvalidInput, unknownRun } from '@tidewaiter/domain';

import { formOf } from './artifact.js';
import { readBuildFacts } from './build-facts.js';
import { at, textAt } from './json-path.js';
import { readSigned } from './signed.js';
import { readStatement } from './statement.js';

/** Claims of a document about images, from any signer and even without a signature. */
export interface ClaimedAttestation {
  /**
   * Media type for its verification: that of an artifact attached to the image with the same
   * content.
   */
  mediaType: string;
  kind: AttestationKind;
  predicateType: string;
  /** Manifests that it is about. */
  subjects: Digest[];
  /** Builder of the image; null if the document is no provenance. */
  builder: string | null;
  /** CI run that built the image, according to the provenance. */
  run: CiRun;
}

const envelopeType = 'application/vnd.dsse.envelope.v1+json';
const statementType = 'application/vnd.in-toto+json';

/**
 * Media type of the carrier of an in-toto statement: Sigstore bundle, DSSE envelope, or the
 * statement alone; null for other documents.
 */
export function attestationType(document: unknown): string | null {
  const mediaType = textAt(document, 'mediaType');
  if (mediaType !== null) return formOf(mediaType) === 'bundle' ? mediaType : null;
  if (at(document, 'payloadType') !== undefined && at(document, 'signatures') !== undefined) return envelopeType;
  return at(document, '_type') !== undefined && at(document, 'predicateType') !== undefined ? statementType : null;
}

/**
 * Reads an attestation without verifying its signer.
 * @throws MalformedFile; InvalidInput `UNSUPPORTED` for content without an in-toto statement, or
 * with one that only signs
 */
export function readClaimedAttestation(content: Buffer, mediaType: string): ClaimedAttestation {
  const signed = readSigned({ manifest: `sha256:${'0'.repeat(64)}`, mediaType, annotations: {}, content });
  const { kind, predicateType, subjects, predicate } = readStatement(signed);
  if (kind === 'signature' || predicateType === null)
    throw new InvalidInput('UNSUPPORTED', 'a signature states nothing');
  const isBuild = kind === 'provenance';
  const { builder, run } = isBuild ? buildOf(predicate) : { builder: null, run: unknownRun };
  return { mediaType, kind, predicateType, subjects: [...subjects], builder, run };
}

function buildOf(predicate: unknown): { builder: string | null; run: CiRun } {
  const { builder, source, revision, builtAt } = readBuildFacts(predicate);
  const metadata = at(predicate, 'runDetails', 'metadata') ?? at(predicate, 'metadata');
  const id = textAt(metadata, 'invocationId') ?? textAt(metadata, 'buildInvocationId');
  // On GitHub the page of the run.
  const url = id !== null && /^https:\/\//.test(id) ? id : null;
  return { builder, run: { ...unknownRun, url, id: url === null ? id : null, source, revision, finishedAt: builtAt } };
}

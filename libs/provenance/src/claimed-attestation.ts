import { type AttestationKind, type CiRun, type Digest, InvalidInput, unknownRun } from '@tidewaiter/domain';

import { formOf } from './artifact.js';
import { readBuildFacts } from './build-facts.js';
import { at, textAt } from './json-path.js';
import { readSigned } from './signed.js';
import { readStatement } from './statement.js';

/** What a document states of images, whoever signed it, or nobody. */
export interface ClaimedAttestation {
  /** What it would have as an artifact beside the image: by that it is verified. */
  mediaType: string;
  kind: AttestationKind;
  predicateType: string;
  /** The manifests that it is about. */
  subjects: Digest[];
  /** Who built it; null of what is no provenance. */
  builder: string | null;
  /** What a provenance says of the run that built it. */
  run: CiRun;
}

const envelopeType = 'application/vnd.dsse.envelope.v1+json';
const statementType = 'application/vnd.in-toto+json';

/** By what an in-toto statement is carried: a Sigstore bundle, a DSSE envelope or nothing; null of what is no such thing. */
export function attestationType(document: unknown): string | null {
  const mediaType = textAt(document, 'mediaType');
  if (mediaType !== null) return formOf(mediaType) === 'bundle' ? mediaType : null;
  if (at(document, 'payloadType') !== undefined && at(document, 'signatures') !== undefined) return envelopeType;
  return at(document, '_type') !== undefined && at(document, 'predicateType') !== undefined ? statementType : null;
}

/**
 * Reads an attestation without asking who signed it.
 * @throws MalformedFile; InvalidInput `UNSUPPORTED` for what holds no in-toto statement, or one that only signs
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
  // GitHub's is the page of the run.
  const url = id !== null && /^https:\/\//.test(id) ? id : null;
  return { builder, run: { ...unknownRun, url, id: url === null ? id : null, source, revision, finishedAt: builtAt } };
}

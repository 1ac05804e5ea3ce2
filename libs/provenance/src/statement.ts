import { type AttestationKind, type Digest, isDigest, limitJsonValues, MalformedFile } from '@tidewaiter/domain';

import { at, listAt, textAt } from './json-path.js';
import type { SignedPayload } from './signed.js';

/** Content of a payload from any signer. */
export interface Statement {
  kind: 'signature' | AttestationKind;
  predicateType: string | null;
  /** Manifests that it is about. */
  subjects: ReadonlySet<Digest>;
  predicate: unknown;
}

/** Predicate with which cosign signs an image in a bundle. */
const signPredicate = 'https://sigstore.dev/cosign/sign/v1';
const simpleSigningTypes = new Set(['cosign container image signature', signPredicate]);

const kinds: readonly (readonly [RegExp, Statement['kind']])[] = [
  [/^https:\/\/sigstore\.dev\/cosign\/sign\/v1$/, 'signature'],
  [/^https:\/\/slsa\.dev\/provenance\//, 'provenance'],
  [/^https:\/\/(spdx\.dev\/Document|cyclonedx\.org\/(bom|schema)|syft\.dev\/bom)/, 'sbom'],
  [/^https:\/\/openvex\.dev\/ns/, 'vex'],
];

/** @throws MalformedFile */
export function readStatement({ form, payload }: SignedPayload): Statement {
  const document = parse(payload);
  return form === 'simple-signing' ? simpleSigning(document) : inTotoStatement(document);
}

/**
 * @see
 * https://github.com/containers/image/blob/main/docs/containers-signature.5.md#json-data-format
 */
function simpleSigning(document: unknown): Statement {
  const digest = at(document, 'critical', 'image', 'docker-manifest-digest');
  const type = textAt(document, 'critical', 'type') ?? '';
  if (!simpleSigningTypes.has(type) || !isDigest(digest)) throw new MalformedFile('a payload that signs no image');
  return { kind: 'signature', predicateType: null, subjects: new Set([digest]), predicate: undefined };
}

/** @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
function inTotoStatement(document: unknown): Statement {
  const predicateType = textAt(document, 'predicateType');
  if (!/^https:\/\/in-toto\.io\/Statement\/v/.test(textAt(document, '_type') ?? '') || predicateType === null) {
    throw new MalformedFile('a payload that is no in-toto statement');
  }
  const digests = listAt(document, 'subject').map((subject) => `sha256:${textAt(subject, 'digest', 'sha256') ?? ''}`);
  return {
    kind: kindOf(predicateType),
    predicateType,
    subjects: new Set(digests.filter(isDigest)),
    predicate: at(document, 'predicate'),
  };
}

/** Whether statements of this type hold an SBOM. */
export function isSbomPredicate(predicateType: string): boolean {
  return kindOf(predicateType) === 'sbom';
}

function kindOf(predicateType: string): Statement['kind'] {
  return kinds.find(([pattern]) => pattern.test(predicateType))?.[1] ?? 'other';
}

function parse(payload: Buffer): unknown {
  const text = payload.toString('utf8');
  limitJsonValues(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MalformedFile('a payload that is no JSON', { cause });
  }
}

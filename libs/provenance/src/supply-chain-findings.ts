import { createHash } from 'node:crypto';

import { type Digest, type Finding, findingOf, type Provenance } from '@tidewaiter/domain';

import { isSigned } from './image-provenance.js';

/** What a name stood for before. */
export interface EarlierContent {
  digest: Digest;
  /** When it was pushed; ISO 8601. */
  pushedAt: string;
}

/** Tags of one release, which nobody moves: `1.2.3`, `v1.2.3-rc.1`. `1.2` and `1` are meant to move. */
const release = /^v?\d+\.\d+\.\d+([-+_.][0-9A-Za-z._+-]*)?$/;

export function isReleaseTag(tag: string): boolean {
  return release.test(tag);
}

/**
 * The finding about an image that none of those who should has signed.
 * @param isComplete whether everything that is there could be looked at
 */
export function unsignedFinding(
  repository: string,
  provenance: Provenance,
  signers: readonly string[],
  isComplete: boolean,
): Finding[] {
  if (isSigned(provenance)) return [];
  const refused = [...provenance.signatures, ...provenance.attestations].map(({ code }) => code);
  const known = {
    id: 'image-unsigned',
    severity: 'high',
    title: `Not signed by ${signers.length === 1 ? signers[0]! : `any of ${signers.join(', ')}`}`,
    confidence: isComplete ? 'certain' : 'possible',
    evidence: { repository, signers: [...signers], found: refused.length, refused: [...new Set(refused)] },
  } as const;
  return [supplyChainFinding(known, repository)];
}

/** A release that was given out once is not what it was. */
export function movedTagFinding(repository: string, tag: string, before: EarlierContent): Finding {
  const known = {
    id: 'release-tag-moved',
    severity: 'high',
    title: `The release tag ${tag} was moved to other content`,
    evidence: { repository, tag, previousDigest: before.digest, previousPushedAt: before.pushedAt },
  } as const;
  return supplyChainFinding(known, `${repository}:${tag}`);
}

/** The same sources were built into something else: often a newer base, now and then more than the sources say. */
export function sameRevisionFinding(
  repository: string,
  revision: string,
  isAttested: boolean,
  before: EarlierContent,
): Finding {
  const known = {
    id: 'same-revision-different-content',
    severity: 'medium',
    title: 'Says that it was built from a revision of which there was other content before',
    confidence: isAttested ? 'likely' : 'possible',
    evidence: { repository, revision, previousDigest: before.digest, previousPushedAt: before.pushedAt },
  } as const;
  return supplyChainFinding(known, `${repository}@${revision}`);
}

function supplyChainFinding(
  known: Pick<Finding, 'id' | 'severity' | 'title' | 'evidence'> & Partial<Finding>,
  place: string,
): Finding {
  const fingerprint = createHash('sha256').update(['supply-chain', known.id, place].join('\n')).digest('hex');
  return findingOf({ kind: 'supply-chain', fingerprint, layer: null, state: 'present', ...known });
}

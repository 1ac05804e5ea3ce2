import type { Finding } from '@tidewaiter/domain';

import { type EarlierContent, supplyChainFinding } from './supply-chain-finding.js';

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

import type { Finding, Provenance } from '@tidewaiter/domain';

import { isSigned } from './image-provenance.js';
import { supplyChainFinding } from './supply-chain-finding.js';

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

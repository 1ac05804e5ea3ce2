import type { Finding, Provenance } from '@tidewaiter/domain';

import { isSigned } from './image-provenance.js';
import { supplyChainFinding } from './supply-chain-finding.js';

/**
 * Finding about an image that none of its required signers has signed.
 * @param isComplete whether all artifacts could be read
 * @param signedIn another repository where one of them has signed the same digest: a copy without
 * its signature
 */
export function unsignedFinding(
  repository: string,
  provenance: Provenance,
  signers: readonly string[],
  isComplete: boolean,
  signedIn: string | null = null,
): Finding[] {
  if (isSigned(provenance)) return [];
  const refused = [...provenance.signatures, ...provenance.attestations].map(({ code }) => code);
  const names = signers.length === 1 ? signers[0]! : `any of ${signers.join(', ')}`;
  const known = {
    id: 'image-unsigned',
    severity: signedIn === null ? 'high' : 'low',
    title:
      signedIn === null
        ? `Not signed by ${names}`
        : `Not signed here by ${names}; the same digest is signed in ${signedIn}`,
    confidence: isComplete ? 'certain' : 'possible',
    evidence: {
      repository,
      signers: [...signers],
      found: refused.length,
      refused: [...new Set(refused)],
      ...(signedIn !== null && { signedIn }),
    },
  } as const;
  return [supplyChainFinding(known, repository)];
}

import { createHash } from 'node:crypto';

import { type Finding, findingOf } from '@tidewaiter/domain';

/** Earlier content of a name. */
export interface EarlierContent {
  digest: string;
  /** Time of the push, ISO 8601. */
  pushedAt: string;
}

/** Creates a `supply-chain` finding; the fingerprint depends on id and place, not on the digest. */
export function supplyChainFinding(
  known: Pick<Finding, 'id' | 'severity' | 'title' | 'evidence'> & Partial<Finding>,
  place: string,
): Finding {
  const fingerprint = supplyChainFingerprint(known.id, place);
  return findingOf({ kind: 'supply-chain', fingerprint, layer: null, state: 'present', ...known });
}

export function supplyChainFingerprint(id: string, place: string): string {
  return createHash('sha256').update(['supply-chain', id, place].join('\n')).digest('hex');
}

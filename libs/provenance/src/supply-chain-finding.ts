import { createHash } from 'node:crypto';

import { type Finding, findingOf } from '@tidewaiter/domain';

/** Earlier content of a name. */
export interface EarlierContent {
  digest: string;
  /** When it was pushed; ISO 8601. */
  pushedAt: string;
}

/** A finding of the kind `supply-chain`; the same id in the same place is the same finding, whatever the digest. */
export function supplyChainFinding(
  known: Pick<Finding, 'id' | 'severity' | 'title' | 'evidence'> & Partial<Finding>,
  place: string,
): Finding {
  const fingerprint = createHash('sha256').update(['supply-chain', known.id, place].join('\n')).digest('hex');
  return findingOf({ kind: 'supply-chain', fingerprint, layer: null, state: 'present', ...known });
}

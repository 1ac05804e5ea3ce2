import { type Digest, type Finding, layerNotAnalyzedId } from '@tidewaiter/domain';

import { integrityFinding } from './integrity-finding.js';

/** Layer of an image that could not be read, with the reason. */
export interface UnreadLayer {
  index: number;
  digest: Digest;
  diffId: Digest;
  /** Its build step, with secrets redacted; null if the history has none. */
  createdBy: string | null;
  /** Stable code of the failure: `LIMIT_EXCEEDED`, `DIFF_ID_MISMATCH`, `BLOB_UNKNOWN`, … */
  code: string;
  /** Name of the limit for `LIMIT_EXCEEDED`, else null. */
  limit: string | null;
  reason: string;
}

/**
 * Creates the finding for a layer that could not be read: an attacker could otherwise hide findings
 * behind one unreadable layer. `verdictOf` treats it specially, so that a verdict with a threshold
 * above `high` is `unknown` and never `pass`.
 */
export function layerNotAnalyzed({ index, digest, diffId, createdBy, code, limit, reason }: UnreadLayer): Finding {
  const known = {
    id: layerNotAnalyzedId,
    severity: 'high',
    title: `Layer ${index} could not be analyzed: ${limit === null ? code : `${code} (${limit})`}`,
    layer: index,
    evidence: { digest, diffId, createdBy, code, ...(limit !== null && { limit }), reason },
  } as const;
  return integrityFinding(known, `${digest} ${diffId}`);
}

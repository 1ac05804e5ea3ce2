import { createHash } from 'node:crypto';

import { type Finding, findingOf } from '@tidewaiter/domain';

type FindingInput = Pick<Finding, 'id' | 'severity' | 'title' | 'layer'> & Partial<Finding>;

/**
 * A finding of the integrity checks; `integrity` and `present` unless `known` overrides them.
 * @param place distinguishes it from others of its id: the path by default
 */
export function integrityFinding(known: FindingInput, place = known.path ?? ''): Finding {
  const finding = findingOf({ kind: 'integrity', state: 'present', fingerprint: '', ...known });
  return { ...finding, fingerprint: fingerprintOf(finding, place) };
}

/** Without bytes, version and layer: the same file in the next push gives the same finding. */
function fingerprintOf({ kind, id, packageName }: Finding, place: string): string {
  return createHash('sha256')
    .update([kind, id, packageName ?? '', place].join('\n'))
    .digest('hex');
}

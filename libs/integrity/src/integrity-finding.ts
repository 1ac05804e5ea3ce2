import { createHash } from 'node:crypto';

import { type Finding, findingOf } from '@tidewaiter/domain';

type Known = Pick<Finding, 'id' | 'severity' | 'title' | 'layer'> & Partial<Finding>;

/**
 * A finding of the integrity checks; `integrity` and `present` unless `known` says otherwise.
 * @param place what tells it from others of its id: the path, where it has one
 */
export function integrityFinding(known: Known, place = known.path ?? ''): Finding {
  const finding = findingOf({ kind: 'integrity', state: 'present', fingerprint: '', ...known });
  return { ...finding, fingerprint: fingerprintOf(finding, place) };
}

/** Neither bytes nor version nor layer: the same file in the next push is the same finding. */
function fingerprintOf({ kind, id, packageName }: Finding, place: string): string {
  return createHash('sha256')
    .update([kind, id, packageName ?? '', place].join('\n'))
    .digest('hex');
}

import { createHash } from 'node:crypto';

import { type Finding, findingOf } from '@tidewaiter/domain';

type Known = Pick<Finding, 'id' | 'severity' | 'title' | 'layer'> & Partial<Finding>;

/** A finding of the integrity checks; `integrity` and `present` unless `known` says otherwise. */
export function integrityFinding(known: Known): Finding {
  const finding = findingOf({ kind: 'integrity', state: 'present', fingerprint: '', ...known });
  return { ...finding, fingerprint: fingerprintOf(finding) };
}

/** Neither bytes nor version nor layer: the same file in the next push is the same finding. */
function fingerprintOf({ kind, id, packageName, path, evidence }: Finding): string {
  const place = path ?? JSON.stringify(evidence);
  return createHash('sha256')
    .update([kind, id, packageName ?? '', place].join('\n'))
    .digest('hex');
}

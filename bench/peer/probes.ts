/**
 * Records about every package that one of the scanners finds: current images have too few real
 * vulnerabilities to compare with.
 */
import { advisoryKeyOf } from '@tidewaiter/advisories';
import { isDistributionType, type OsRelease } from '@tidewaiter/domain';

import type { ComparedPackage } from './reports.ts';

/**
 * Three records for a package: one about all versions, one fixed by its version, and one fixed by
 * the next.
 */
export function probesFor(packages: readonly ComparedPackage[], os: OsRelease | null): Map<string, object> {
  const probes = new Map<string, object>();
  for (const { record } of packages) {
    const key = advisoryKeyOf({ ...record, licenses: [] }, os);
    const isDistribution = isDistributionType(record.type);
    const { name, version } = isDistribution ? record.source : record;
    if (key === null || version === '') continue;
    const { ecosystem, release } = key;
    const subject = `${ecosystem} ${release ?? ''} ${name}`.replaceAll(/[^\w.@-]/g, '_');
    const isApk = record.type === 'apk';
    const events = {
      all: [{ introduced: '0' }],
      [`at-${version}`]: [{ introduced: '0' }, { fixed: version }],
      [`before-next-${version}`]: [
        { introduced: '0' },
        isApk ? { fixed: nextRevision(version) } : last(record.type, version),
      ],
    };
    for (const [kind, range] of Object.entries(events)) {
      const id = `PROBE-${subject}-${kind}`.slice(0, 200).replaceAll(/[^\w.@-]/g, '_');
      const affected = {
        package: { ecosystem: release === null ? ecosystem : `${ecosystem}:${release}`, name },
        ranges: [{ type: 'ECOSYSTEM', events: range }],
      };
      probes.set(id, { id, modified: '2026-01-01T00:00:00Z', summary: id, affected: [affected] });
    }
  }
  return probes;
}

function last(type: ComparedPackage['record']['type'], version: string): object {
  return isDistributionType(type) ? { fixed: `${version}.1` } : { last_affected: version };
}

function nextRevision(version: string): string {
  return version.replace(/\d+$/, (revision) => String(Number(revision) + 1));
}

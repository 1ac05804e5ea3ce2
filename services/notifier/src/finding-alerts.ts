import { vulnerabilityFingerprint } from '@tidewaiter/advisories';
import type { Alert } from '@tidewaiter/domain';
import type { FindingPlace, FindingReport } from '@tidewaiter/messages';
import type { Subject } from '@tidewaiter/routing';

/** One alert for each image that has it: the same that a push of the image would bring, so that a push which mends it ends it. */
export function findingSubjects(report: FindingReport): Subject<FindingPlace>[] {
  return report.places.map((place) => ({ alert: alertOf(report, place), about: place }));
}

/** The report as a receiver sees it that is told of these places only. */
export function narrowedTo(report: FindingReport, subjects: readonly Subject<FindingPlace>[]): FindingReport {
  return { ...report, places: subjects.map(({ about }) => about) };
}

function alertOf({ kind, id, severity, exploitation, title, status, at }: FindingReport, place: FindingPlace): Alert {
  const { registry, repository, tag, digest, packageName, packageType, installedVersion, fix, running, owner } = place;
  const isResolved = status === 'resolved';
  const fingerprint = vulnerabilityFingerprint(id, { type: packageType, name: packageName });
  return {
    identity: JSON.stringify(['finding', registry, repository, tag, fingerprint]),
    labels: {
      kind,
      severity,
      repository,
      tag,
      digest,
      rule: id,
      package: packageName,
      kev: String(exploitation.kev),
      fixable: String(fix.version !== null),
      new: String(!isResolved),
      ...(running !== null && { running: String(running) }),
      ...(owner !== null && { owner }),
    },
    annotations: {
      summary: `${id} in ${packageName}`,
      description: title,
      installedVersion,
      fixedVersion: fix.version ?? '',
    },
    status: isResolved ? 'resolved' : 'firing',
    startsAt: at,
    endsAt: isResolved ? at : null,
  };
}

import { vulnerabilityFingerprint } from '@tidewaiter/advisories';
import { type Alert, findingKinds, findingReasons, severities } from '@tidewaiter/domain';
import type { AffectedPlace, FindingReport } from '@tidewaiter/messages';
import type { AlertSubject } from '@tidewaiter/routing';

/**
 * One alert for each image and package that has it: the same that a push of the image would bring,
 * so that a push with the fix ends it. An image that runs although no tag points to it has one of
 * its own, as such a push changes nothing there.
 */
export function findingSubjects(report: FindingReport): AlertSubject<AffectedPlace>[] {
  return report.places.map((place) => ({ alert: alertOf(report, place), about: place }));
}

/** The report as a receiver sees it that is sent these places only. */
export function narrowedTo(report: FindingReport, subjects: readonly AlertSubject<AffectedPlace>[]): FindingReport {
  return { ...report, places: subjects.map(({ about }) => about) };
}

/**
 * The reports of some alerts of {@link findingSubjects}: what waited together is worded from the
 * alerts that still fire.
 */
export function reportsOf(alerts: readonly Alert[]): FindingReport[] {
  const reports = Map.groupBy(alerts, ({ labels, annotations, status }) =>
    JSON.stringify([labels['rule'], labels['kind'], annotations['reason'], status]),
  );
  return [...reports.values()].map((about) => ({ ...describedBy(about[0]!), places: about.map(placeOf) }));
}

function alertOf(report: FindingReport, place: AffectedPlace): Alert {
  const { kind, id, severity, exploitation, title, status, at, reason, advisoryId } = report;
  const { registry, repository, tag, isTagged, digest, packageName, packageType, installedVersion, match, fix } = place;
  const { running = null, owner, workloads = [] } = place;
  const isResolved = status === 'resolved';
  const fingerprint = vulnerabilityFingerprint(id, { type: packageType, name: packageName });
  return {
    identity: JSON.stringify(
      isTagged
        ? ['finding', registry, repository, tag, fingerprint]
        : ['running-finding', registry, repository, digest, fingerprint],
    ),
    labels: {
      kind,
      severity,
      repository,
      ...(tag !== null && { tag }),
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
      advisory: advisoryId,
      reason,
      registry,
      packageType,
      match,
      fixState: fix.state,
      ...(exploitation.epss !== null && { epss: String(exploitation.epss) }),
      ...(!isTagged && { untagged: 'true' }),
      ...(workloads.length > 0 && { workloads: workloads.join(', ') }),
    },
    status: isResolved ? 'resolved' : 'firing',
    startsAt: at,
    endsAt: isResolved ? at : null,
  };
}

function describedBy({ labels, annotations, status, startsAt }: Alert): Omit<FindingReport, 'places'> {
  const { rule: id = '', kev, kind, severity } = labels;
  const { epss } = annotations;
  return {
    kind: oneOf(findingKinds, kind, 'vulnerability'),
    id,
    advisoryId: annotations['advisory'] ?? id,
    title: annotations['description'] ?? id,
    severity: oneOf(severities, severity, 'unknown'),
    exploitation: { kev: kev === 'true', epss: epss === undefined ? null : Number(epss) },
    status: status === 'resolved' ? 'resolved' : 'opened',
    reason: oneOf(findingReasons, annotations['reason'], 'advisory'),
    at: startsAt,
  };
}

function placeOf({ labels, annotations }: Alert): AffectedPlace {
  const { repository = '', tag = null, digest = '', package: packageName = '', running, owner = null } = labels;
  const { registry = '', packageType = '', installedVersion = '', fixedVersion = '', workloads = '' } = annotations;
  return {
    ...{ registry, repository, tag, isTagged: annotations['untagged'] !== 'true' },
    ...{ digest, packageName, packageType, installedVersion, owner },
    match: oneOf(['affected', 'unknown'] as const, annotations['match'], 'affected'),
    fix: {
      state: oneOf(['fixed', 'not-fixed', 'wont-fix', 'unknown'] as const, annotations['fixState'], 'unknown'),
      version: fixedVersion === '' ? null : fixedVersion,
    },
    running: running === undefined ? null : running === 'true',
    workloads: workloads === '' ? [] : workloads.split(', '),
  };
}

/** Alerts of an older version, and of other programs, may lack a value. */
function oneOf<const Value extends string>(values: readonly Value[], text: string | undefined, other: Value): Value {
  return values.find((value) => value === text) ?? other;
}

import {
  type Alert,
  type Labels,
  layerText,
  locationCount,
  locationText,
  morePlaces,
  severities,
} from '@tidewaiter/domain';
import type { DataOf, imageAnalyzed } from '@tidewaiter/events';
import { evidenceText, isAlarming, isAlarmingSeverity, type PushFinding, type PushReport } from '@tidewaiter/messages';
import type { AlertSubject } from '@tidewaiter/routing';

/** A finding of a push, and whether the push brought or ended it. */
export interface PushSubject {
  finding: PushFinding;
  isResolved: boolean;
}

/**
 * The alerts of a push: one for each alarming finding that it has, and for each that the previous
 * push had.
 */
export function pushSubjects(report: PushReport): AlertSubject<PushSubject>[] {
  const firing = report.findings.filter(isAlarming).map((finding) => ({ finding, isResolved: false }));
  const resolved = report.resolved.filter(isAlarming).map((finding) => ({ finding, isResolved: true }));
  return [...firing, ...resolved].map((about) => ({ alert: alertOf(report, about), about }));
}

/**
 * Whether a push has no alarming finding, and no baseline that could have had others: then it has
 * no alerts, as its event alone shows.
 */
export function hasNoAlerts({ digest, previousDigest, comparedWith, counts }: DataOf<typeof imageAnalyzed>): boolean {
  const baseline = comparedWith?.digest ?? previousDigest;
  const isAlarming = severities.some((severity) => isAlarmingSeverity(severity) && (counts[severity] ?? 0) > 0);
  return !isAlarming && (baseline === null || baseline === digest);
}

/** Whether a message about these alerts would report a new problem. */
export function isNews(subjects: readonly AlertSubject<PushSubject>[]): boolean {
  return subjects.some(({ about }) => !about.isResolved && about.finding.isNew);
}

/** Restricts the report to the findings that are routed to a receiver. */
export function narrowedTo(report: PushReport, subjects: readonly AlertSubject<PushSubject>[]): PushReport {
  const findings = subjects.filter(({ about }) => !about.isResolved).map(({ about }) => about.finding);
  const resolved = subjects.filter(({ about }) => about.isResolved).map(({ about }) => about.finding);
  return { ...report, findings, resolved };
}

/** Limit on the places that an annotation names; the rest is counted. */
const maxPlaces = 20;

function placesText({ locations = [], moreLocations = 0 }: PushFinding['finding']): string {
  const more = Math.max(locations.length - maxPlaces, 0) + moreLocations;
  const named = locations.slice(0, maxPlaces).map(locationText).join('; ');
  return more > 0 ? `${named}; ${more} more` : named;
}

function alertOf(report: PushReport, { finding: { finding, isNew, layer }, isResolved }: PushSubject): Alert {
  const labels: Labels = {
    kind: finding.kind,
    severity: finding.severity,
    repository: report.repository,
    digest: report.digest,
    rule: finding.id,
    fixable: String(finding.fix.version !== null),
    new: String(isNew && !isResolved),
    kev: String(finding.kev === true),
  };
  if (report.owner !== null) labels['owner'] = report.owner;
  if (report.tag !== null) labels['tag'] = report.tag;
  if (typeof finding.running === 'boolean') labels['running'] = String(finding.running);
  if (finding.packageName !== null) labels['package'] = finding.packageName;
  // Machines read annotations, so digests are whole.
  const evidence = evidenceText(finding, (digest) => digest);
  return {
    identity: JSON.stringify(['finding', report.registry, report.repository, report.tag, finding.fingerprint]),
    labels,
    annotations: {
      summary: `${finding.id} in ${[finding.packageName ?? finding.path ?? report.repository, morePlaces(finding)].filter(Boolean).join(' ')}`,
      description: finding.title,
      installedVersion: finding.installedVersion ?? '',
      fixedVersion: finding.fix.version ?? '',
      ...(evidence !== null && { evidence }),
      ...(locationCount(finding) > 1 && { places: placesText(finding) }),
      ...(layer && { layer: `${layerText(finding)} (${layer.digest})`, buildStep: layer.createdBy ?? '' }),
    },
    status: isResolved ? 'resolved' : 'firing',
    startsAt: report.pushedAt,
    endsAt: isResolved ? report.pushedAt : null,
  };
}

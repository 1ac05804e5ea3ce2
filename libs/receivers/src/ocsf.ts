import { type Alert, type FindingKind, findingKinds, type Severity, severities, version } from '@tidewaiter/domain';

import { auditEvent } from './ocsf-audit.js';
import type { OcsfEvent } from './ocsf-event.js';
import type { OutgoingMessage } from './sender.js';

const schemaVersion = '1.6.0';

const severityIds: Record<Severity, number> = {
  critical: 5,
  high: 4,
  medium: 3,
  low: 2,
  negligible: 1,
  unknown: 0,
};

/** Classes by the kind of a finding; incidents and everything else are detections. */
const classes: Partial<Record<FindingKind, [uid: number, name: string]>> = {
  vulnerability: [2002, 'Vulnerability Finding'],
  misconfiguration: [2003, 'Compliance Finding'],
};
const detection: [uid: number, name: string] = [2004, 'Detection Finding'];

/**
 * The alerts of a message as OCSF events, one each. `metadata.uid` is the same on every attempt, so
 * that a repeated event can be recognized.
 */
export function ocsfEvents({ id, alerts, message, externalUrl }: OutgoingMessage): OcsfEvent[] {
  const source = message.links[0]?.url ?? externalUrl;
  return alerts.map((alert, index) => {
    const uid = `${id}-${index}`;
    return alert.labels['kind'] === 'audit' ? auditEvent(alert, metadataOf(uid)) : ocsfFinding(alert, uid, source);
  });
}

function metadataOf(uid: string): OcsfEvent['metadata'] {
  return { uid, version: schemaVersion, product: { name: 'Tidewaiter', vendor_name: 'Tidewaiter', version } };
}

/** @see https://schema.ocsf.io/1.6.0/categories/findings */
function ocsfFinding(alert: Alert, uid: string, source: string): OcsfEvent {
  const { labels, annotations, status, identity } = alert;
  const kind = findingKinds.find((each) => each === labels['kind']);
  const severity = severities.find((each) => each === labels['severity']) ?? 'unknown';
  const [classUid, className] = (kind && classes[kind]) ?? detection;
  const isOver = status === 'resolved';
  const activity = isOver ? 3 : 1;
  const title = annotations['summary'] ?? labels['rule'] ?? 'Tidewaiter';
  const technique = labels['technique'];
  return {
    activity_id: activity,
    activity_name: isOver ? 'Close' : 'Create',
    category_uid: 2,
    category_name: 'Findings',
    class_uid: classUid,
    class_name: className,
    type_uid: classUid * 100 + activity,
    time: millisecondsOf((isOver ? alert.endsAt : null) ?? alert.startsAt),
    severity_id: severityIds[severity],
    severity,
    status_id: isOver ? 4 : 1,
    status: isOver ? 'Resolved' : 'New',
    message: title,
    metadata: metadataOf(uid),
    finding_info: {
      uid: identity,
      title,
      ...given({ desc: annotations['description'] }),
      types: [labels['kind'] ?? 'alert'],
      created_time: millisecondsOf(alert.startsAt),
      src_url: source,
      ...given({ analytic: labels['rule'] && { type_id: 1, type: 'Rule', name: labels['rule'] } }),
      ...given({ attacks: technique && [{ technique: { uid: technique } }] }),
    },
    resources: resourcesOf(alert),
    ...aboutFinding(kind, alert),
    // The schema has no fields for these.
    unmapped: { labels, annotations },
  };
}

/** Fields of the class of a finding. */
function aboutFinding(kind: FindingKind | undefined, { labels, annotations, status }: Alert): object {
  const rule = labels['rule'] ?? '';
  if (kind === 'vulnerability') return { vulnerabilities: [vulnerabilityOf(rule, labels, annotations)] };
  if (kind !== 'misconfiguration') return { is_alert: true };
  const isOver = status === 'resolved';
  return { compliance: { control: rule, status_id: isOver ? 1 : 3, status: isOver ? 'Pass' : 'Fail' } };
}

function vulnerabilityOf(id: string, labels: Alert['labels'], annotations: Alert['annotations']): object {
  const fixed = annotations['fixedVersion'];
  const name = labels['package'];
  return {
    ...(/^CVE-/i.test(id) ? { cve: { uid: id } } : { advisory: { uid: id } }),
    ...given({ title: annotations['description'], severity: labels['severity'] }),
    is_exploit_available: labels['kev'] === 'true',
    is_fix_available: labels['fixable'] === 'true',
    ...(name && {
      affected_packages: [
        { name, version: annotations['installedVersion'] ?? '', ...given({ fixed_in_version: fixed }) },
      ],
    }),
  };
}

/** The image and the workload that an alert is about. */
function resourcesOf({ labels }: Alert): object[] {
  const { repository, tag, digest, owner, workload, namespace, cluster } = labels;
  const belongsTo = given({ owner: owner && { name: owner } });
  const image = repository && {
    type: 'Container Image',
    name: tag ? `${repository}:${tag}` : repository,
    ...given({ uid: digest }),
    ...belongsTo,
  };
  const running = workload && {
    type: 'Workload',
    name: workload,
    ...given({ namespace, zone: cluster }),
    ...belongsTo,
  };
  return [image, running].filter((each) => typeof each === 'object');
}

/** Fields with a value; an empty text is none. */
function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
}

function millisecondsOf(time: string): number {
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : milliseconds;
}

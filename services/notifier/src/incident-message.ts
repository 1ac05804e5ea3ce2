import type { Digest, Priority, Severity, SeverityCounts } from '@tidewaiter/domain';

import {
  clean,
  consoleLink,
  count,
  countsText,
  enumerate,
  fact,
  headWord,
  maxItemChars,
  maxTitleChars,
  shortDigest,
  timeText,
  type Message,
} from './message.js';

/** An incident, as the detector knows it. */
export interface IncidentReport {
  id: string;
  /** What people call it by: `INC-12`. */
  number: number;
  rule: string;
  title: string;
  severity: Severity;
  status: 'open' | 'resolved';
  /** Counts what people are told of: that it opened, grew worse, is over. */
  revision: number;
  /** As the sensor names it: `registry.example.com/shop/checkout:1.4`. */
  imageReference: string | null;
  imageDigest: Digest | null;
  /** Whether we have analysed this very image. */
  known: boolean;
  cluster: string | null;
  namespace: string | null;
  pod: string | null;
  container: string | null;
  commandLine: string | null;
  user: string | null;
  sensor: string;
  priority: Priority;
  /** Events so far. */
  count: number;
  /** ISO 8601. */
  firstSeen: string;
  /** ISO 8601. */
  lastSeen: string;
  /** ATT&CK techniques: `T1059`. */
  techniques: string[];
  tags: string[];
  /** `isJudged`: whether everything in the image could be judged, so that nothing found means something. */
  imageFacts: { counts: SeverityCounts | null; isJudged: boolean; pushedAt: string | null; pushedBy: string | null };
}

/** One message about one incident, with what we know of the image that it happened in. */
export function incidentMessage(incident: IncidentReport, { consoleUrl }: { consoleUrl: string }): Message {
  const status = incident.status === 'open' ? 'firing' : 'resolved';
  const image =
    incident.known && incident.imageDigest !== null
      ? [consoleLink('Open image', consoleUrl, 'images', incident.imageDigest)]
      : [];
  return {
    kind: 'incident',
    status,
    severity: incident.severity,
    title: clean(
      `${headWord({ status, severity: incident.severity })} · ${incident.title} · ${place(incident)} (INC-${incident.number})`,
      maxTitleChars,
    ),
    summary: clean(`${happened(incident)} ${aboutImage(incident)}`, 2 * maxItemChars),
    facts: facts(incident),
    sections: [],
    links: [consoleLink('Open incident', consoleUrl, 'incidents', incident.id), ...image],
    footer: clean(`Tidewaiter · INC-${incident.number} · rule ${incident.rule}`, maxItemChars),
  };
}

function place({ namespace, pod, container, cluster }: IncidentReport): string {
  const where = [namespace, pod ?? container].filter((part) => part !== null).join('/');
  return where === '' ? (cluster ?? 'host') : where;
}

function happened(incident: IncidentReport): string {
  const seen =
    incident.count === 1
      ? `Seen once, ${timeText(incident.firstSeen)}`
      : `Seen ${incident.count} times, ${timeText(incident.firstSeen)} to ${timeText(incident.lastSeen)}`;
  return `${seen}, by ${incident.sensor}.`;
}

/** A runtime event means more beside what is known of its image, and an image that nobody looked at must not pass for a clean one. */
function aboutImage({ known, imageReference, imageFacts }: IncidentReport): string {
  if (imageReference === null) return 'It did not happen in a container whose image is known.';
  if (!known) return 'Tidewaiter has not analysed this image: what it contains is unknown.';
  const { counts, isJudged } = imageFacts;
  if (counts === null) return 'The analysis of its image is not finished.';
  const bad = counts.critical + counts.high;
  if (bad > 0) return `Its image has ${count(bad, 'critical or high finding')}.`;
  return isJudged ? 'Its image has no critical or high findings.' : 'Its image could not be judged completely.';
}

function facts(incident: IncidentReport): Message['facts'] {
  const { imageFacts, imageDigest } = incident;
  const pushed = imageFacts.pushedAt === null ? null : timeText(imageFacts.pushedAt);
  return [
    ...fact('Command', incident.commandLine),
    ...fact('User', incident.user),
    ...fact('Image', incident.imageReference),
    ...fact('Digest', imageDigest && shortDigest(imageDigest)),
    ...fact('Cluster', incident.cluster),
    ...fact('Pod', [incident.namespace, incident.pod].filter((part) => part !== null).join('/')),
    ...fact('Container', incident.container),
    ...fact('Sensor', `${incident.sensor} (${incident.priority})`),
    ...fact('Techniques', enumerate(incident.techniques, 6)),
    ...fact('Tags', enumerate(incident.tags, 8)),
    ...fact('Image findings', imageFacts.counts && (countsText(imageFacts.counts) ?? 'none')),
    ...fact('Image pushed', pushed && `${pushed}${imageFacts.pushedBy === null ? '' : ` by ${imageFacts.pushedBy}`}`),
  ];
}

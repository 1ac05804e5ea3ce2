import { type IncidentEvidence, type IncidentStep, notSignedText, type RuleCredit } from '@tidewaiter/domain';

import {
  aboutValues,
  clean,
  consoleLink,
  count,
  countsText,
  enumerate,
  fact,
  headWord,
  maxItemChars,
  maxTitleChars,
  section,
  shortDigest,
  timeText,
  type Message,
  type MessageItem,
  type MessageUpdate,
} from '../message.js';
import type {
  IncidentReport,
  ReportedImage,
  ReportedIncident,
  ReportedReach,
  ReportedRevision,
} from './incident-report.js';
import { changeItems } from './push-message-changes.js';

/** Limit on the vulnerabilities of the image that a message names. */
const maxFindings = 3;
/** Limit on the pushes that a message lists. */
const maxPushes = 20;

/** Renders the message about an incident: what happened, facts of the image, reach, what to do. */
export function incidentMessage(
  { incident: stored, revisions, context }: IncidentReport,
  { consoleUrl }: { consoleUrl: string },
): Message {
  const incident = context.image?.provenance.isSigned === true ? signedSince(stored) : stored;
  const { severity, number } = incident;
  const safe = unlinked(incident);
  const status = incident.state === 'open' ? 'firing' : 'resolved';
  const image = context.image === null ? [] : [consoleLink('Open image', consoleUrl, 'images', context.image.digest)];
  return {
    kind: 'incident',
    status,
    severity,
    title: titleOf({ ...incident, title: safe(incident.title) }, headWord({ status, severity })),
    summary: clean(
      [safe(incident.sentence), ...stateTexts(incident, acknowledgedBy(revisions)), reachText(incident, context.reach)]
        .filter(Boolean)
        .join(' '),
      4 * maxItemChars,
    ),
    facts: facts(incident, context.image),
    sections: [
      ...section(
        'What happened',
        incident.steps.map((step) => stepItem(step, incident, safe)),
      ),
      ...section('Pushes', pushItems(incident, safe)),
      ...section('Image context', imageItems(incident, context.image, safe)),
      ...(status === 'firing'
        ? section(
            'What to do',
            incident.nextSteps.map((text) => plainItem(safe(text))),
          )
        : []),
    ],
    links: [consoleLink('Open incident', consoleUrl, 'incidents', incident.id), ...image],
    footer: clean(`Tidewaiter · INC-${number} · ${creditsText(incident.rules)}`, maxItemChars),
    history: revisions.map((revision) => newsOf(revision, safe)),
    isAcknowledged: status === 'firing' && acknowledgedBy(revisions) !== null,
    ...(incident.snoozedUntil && { snoozedUntil: incident.snoozedUntil.toISOString() }),
    about: aboutValues({
      incident: number,
      workload: incident.workload,
      namespace: incident.namespace,
      cluster: incident.cluster,
      image: incident.image,
      digest: incident.imageDigest,
      techniques: incident.techniques,
    }),
  };
}

/** Defangs URLs and hosts: mail programs link every address, and these must not be opened. */
function unlinked({ artifacts }: ReportedIncident): (text: string) => string {
  const hosts = artifacts.flatMap(({ kind, value }) => {
    const host = value.replace(/:\d+$/, '');
    return kind === 'destination' && host.includes('.') ? [host] : [];
  });
  return (text) => {
    const schemes = text.replaceAll(/\bhttp(s?):\/\//gi, 'hxxp$1://');
    return hosts.reduce((before, host) => before.replaceAll(host, host.replaceAll('.', '[.]')), schemes);
  };
}

function titleOf({ title, workload, namespace, cluster, number }: ReportedIncident, word: string): string {
  const place = workload ?? namespace ?? cluster;
  const named = place === null || title.includes(place) ? title : `${title} · ${place}`;
  const tail = ` (INC-${number})`;
  // The number comes last and must survive the cut.
  return clean(`${word} · ${named}`, maxTitleChars - tail.length) + tail;
}

/** User who acknowledged the incident; null if it became worse since, or was never acknowledged. */
function acknowledgedBy(revisions: readonly ReportedRevision[]): string | null {
  const last = revisions.findLast(({ kind }) => kind === 'acknowledged' || kind === 'worsened' || kind === 'reopened');
  return last?.kind === 'acknowledged' ? last.actor : null;
}

function stateTexts(incident: ReportedIncident, acknowledged: string | null): string[] {
  const { state, resolvedBy, resolution, assignee, snoozedUntil } = incident;
  if (state === 'merged') return ['Merged into another incident.'];
  if (state === 'resolved') {
    const reason = resolution === null ? '' : ` as ${resolution}`;
    return [resolvedBy === null ? 'No further activity.' : `Resolved by ${resolvedBy}${reason}.`];
  }
  return [
    ...(acknowledged === null ? [] : [`Acknowledged by ${acknowledged}.`]),
    ...(assignee === null || assignee === acknowledged ? [] : [`Assigned to ${assignee}.`]),
    ...(snoozedUntil === null ? [] : [`Snoozed until ${timeText(snoozedUntil.toISOString())}.`]),
  ];
}

/** Describes the blast radius in one sentence. */
export function reachText(
  { imageDigest }: Pick<ReportedIncident, 'imageDigest'>,
  { images, workloads: reached, incidents }: ReportedReach,
): string {
  const exposed = reached.items.filter((each) => each.exposed === true).length;
  const facing = exposed === 0 ? '' : ` (${exposed} exposed)`;
  // Tags of the same image come first, so that a cut drops other images.
  const tags = images.items.filter(({ shares }) => shares === 'image').length;
  const others = images.total - tags;
  const numbers = incidents.map(({ number }) => `INC-${number}`);
  const shared = [
    ...(reached.total > 0
      ? [
          `${count(reached.total, 'other workload runs', 'other workloads run')} this image or ${reached.total === 1 ? 'shares' : 'share'} its layers${facing}`,
        ]
      : []),
    ...(tags > 0 ? [`${count(tags, 'tag points', 'tags point')} to its image`] : []),
    ...(others > 0 ? [`${count(others, 'other image shares', 'other images share')} the affected content`] : []),
    ...(incidents.length > 0
      ? [`${enumerate(numbers, 3)} ${numbers.length === 1 ? 'has' : 'have'} the same indicators`]
      : []),
  ];
  if (shared.length > 0) return `${enumerate(shared, shared.length)}.`;
  return imageDigest === null ? 'Image: unknown.' : 'No other workload or image affected.';
}

function stepItem(
  { title, technique, severity, at, events }: IncidentStep,
  { evidence, firstSeen }: ReportedIncident,
  safe: (text: string) => string,
): MessageItem {
  const ids = new Set(events);
  const shown = evidence.find(({ event }) => ids.has(event));
  const detail = [
    technique,
    shown && safe(evidenceText(shown)),
    events.length > 1 ? count(events.length, 'event') : null,
  ];
  return {
    severity,
    text: `${clockText(at, firstSeen)} ${safe(title)}`,
    detail: detail.filter(Boolean).join(' · ') || null,
    isNew: false,
  };
}

/** Lists each tag that was moved or pushed: old and new target, and the user. */
function pushItems({ evidence, firstSeen }: ReportedIncident, safe: (text: string) => string): MessageItem[] {
  const pushes = evidence.filter(({ source }) => source === 'registry');
  const more = pushes.length - maxPushes;
  return [
    ...pushes.slice(0, maxPushes).map(({ at, text }) => plainItem(`${clockText(at, firstSeen)} ${safe(text)}`)),
    ...(more > 0 ? [plainItem(count(more, 'more push', 'more pushes'))] : []),
  ];
}

/** Formats a time as `10:42:03`, with the date where it differs from that of the first event. */
function clockText(at: string, firstSeen: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  const [day = '', clock = ''] = time.toISOString().split('T');
  return firstSeen.startsWith(day) ? clock.slice(0, 8) : `${day} ${clock.slice(0, 8)}`;
}

function evidenceText({ text, where }: IncidentEvidence): string {
  return where === null ? text : `${text} (${where})`;
}

/** Rewords an incident of an image that was signed later: it was not signed at that time. */
function signedSince(incident: ReportedIncident): ReportedIncident {
  const corrected = (text: string) => text.replaceAll(notSignedText, 'the image was not signed at that time');
  return { ...incident, sentence: corrected(incident.sentence), factsUsed: incident.factsUsed.map(corrected) };
}

/** Facts about the image of the incident. One without analysis must not look like a clean one. */
function imageItems(
  { factsUsed, image: name, imageDigest }: ReportedIncident,
  image: ReportedImage | null,
  safe: (text: string) => string,
): MessageItem[] {
  const used = factsUsed.map((text) => plainItem(safe(text)));
  if (image === null) {
    if (name === null && imageDigest === null) return used;
    return [...used, plainItem('Tidewaiter has not analyzed this image: its content is unknown')];
  }
  return [...used, findingsItem(image), originItem(image), ...(image.changes ? changeItems(image.changes) : [])];
}

function findingsItem({ counts, isEvaluated, findings }: ReportedImage): MessageItem {
  const bad = counts.critical + counts.high;
  if (bad === 0) {
    return plainItem(isEvaluated ? 'No critical or high findings' : 'The image could not be evaluated completely');
  }
  const names = findings.map(({ id, packageName, kev }) =>
    [id, packageName && `in ${packageName}`, kev && '(exploited)'].filter(Boolean).join(' '),
  );
  return plainItem(count(bad, 'critical or high finding'), enumerate(names, maxFindings) || null);
}

function originItem({
  push,
  provenance: { isSigned, signers, builder, source, revision },
}: ReportedImage): MessageItem {
  const by = push.pushedBy === null ? '' : ` by ${push.pushedBy}`;
  const signed = isSigned === null ? null : isSigned ? `signed by ${enumerate(signers, 2)}` : 'not signed';
  const built = builder ?? source;
  return plainItem(
    `Pushed ${timeText((push.pushedAt ?? push.receivedAt).toISOString())}${by}`,
    [signed, built && `built by ${built}`, revision && `from revision ${revision.slice(0, 12)}`]
      .filter(Boolean)
      .join(' · ') || null,
  );
}

function plainItem(text: string, detail: string | null = null): MessageItem {
  return { severity: null, text, detail, isNew: false };
}

function facts(incident: ReportedIncident, image: ReportedImage | null): Message['facts'] {
  const { firstSeen, lastSeen, workloads } = incident;
  const [first, last] = [timeText(firstSeen), timeText(lastSeen)];
  const pods = workloads.flatMap((each) => each.pods);
  return [
    ...fact(
      'Workload',
      enumerate(workloads.length > 0 ? workloads.map(({ workload }) => workload) : [incident.workload ?? ''], 3),
    ),
    ...fact('Image', incident.image),
    ...fact('Digest', incident.imageDigest && shortDigest(incident.imageDigest)),
    ...fact('Cluster', incident.cluster),
    ...fact('Pods', enumerate(pods, 3)),
    ...fact('Seen', first === last ? first : `${first} to ${last}`),
    ...fact('Events', String(incident.count)),
    ...fact('Findings', enumerate(incident.findings, 6)),
    ...fact('Techniques', enumerate(incident.techniques, 8)),
    ...fact('Image findings', image && (countsText(image.counts) ?? (image.isEvaluated ? 'none' : 'incomplete'))),
  ];
}

/**
 * Credits of the matched rules. Rule licenses require the author's name beside every match, so the
 * text names all authors before it names all rules.
 */
export function creditsText(rules: readonly RuleCredit[]): string {
  const groups = Map.groupBy(rules, ({ author, license }) => JSON.stringify([author, license]));
  const credits = [...groups.values()].map((group) => {
    const { author, license } = group[0]!;
    const by = [author && ` by ${author}`, license && ` (${license})`].filter(Boolean).join('');
    return `rules${by}: ${enumerate(
      group.map(({ title }) => title),
      2,
    )}`;
  });
  return credits.join('; ');
}

/** Renders one state of the incident for a thread. */
function newsOf(
  { revision, kind, news, actor, comment }: ReportedRevision,
  safe: (text: string) => string,
): MessageUpdate {
  const heads = {
    opened: null,
    updated: null,
    acknowledged: actor === null ? 'Acknowledged' : `Acknowledged by ${actor}`,
    assigned: null,
    snoozed: null,
    unsnoozed: null,
    commented: null,
    containment: null,
    worsened: null,
    reopened: 'Opened again',
    resolved: actor === null ? 'Resolved' : `Resolved by ${actor}`,
    merged: 'Merged',
  };
  const said = comment && `${actor ?? 'Comment'}: ${comment}`;
  const lines = [heads[kind], ...news, said].flatMap((line) => line ?? []);
  return { revision, lines: lines.map((line) => clean(safe(line), maxItemChars)) };
}

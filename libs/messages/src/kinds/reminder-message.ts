import {
  type Alert,
  compareSeverity,
  countBySeverity,
  severities,
  type Severity,
  worstSeverity,
} from '@tidewaiter/domain';

import {
  bareTitle,
  clean,
  count,
  countsText,
  fact,
  headWord,
  maxItemChars,
  maxTitleChars,
  type Message,
  type MessageItem,
  section,
  timeText,
} from '../message.js';

/** Alert that was sent and still fires. */
export interface StillFiring {
  alert: Alert;
  since: Date;
  /** Last message about it. */
  message: Message;
}

/** Time of the reminder, and its interval in milliseconds. */
export interface Again {
  now: Date;
  everyMs: number;
}

/**
 * Renders a reminder about the alerts that still fire, worded so that it is not taken for news. The
 * alert of the newest message comes first.
 */
export function reminderMessage(still: readonly StillFiring[], { now, everyMs }: Again): Message {
  const [{ alert, message: sent }] = still as [StillFiring, ...StillFiring[]];
  const isAlone = still.length === 1 && (sent.kind === 'incident' || sent.kind === 'sensor');
  const message = isAlone ? sent : listMessage(still, sent);
  const oldest = new Date(Math.min(...still.map(({ since }) => since.getTime())));
  const subject = isAlone && sent.kind === 'sensor' ? (alert.annotations['summary'] ?? '') : bareTitle(message);
  const lasts = `${isAlone && sent.kind === 'incident' ? 'Still open' : 'Still there'} for ${ageText(now.getTime() - oldest.getTime())}`;
  return {
    ...message,
    status: 'firing',
    title: clean(`${headWord(message)} · ${lasts} · ${subject}`, maxTitleChars),
    facts: [
      ...message.facts.filter(({ label }) => label !== 'Since'),
      ...fact('Since', timeText(oldest.toISOString())),
    ],
    tally: { fresh: 0, exploited: 0, still: isAlone ? 0 : still.length, fixed: 0 },
    footer: clean(`Tidewaiter · reminder, every ${ageText(everyMs)} while it lasts`, maxItemChars),
    isReminder: true,
  };
}

/**
 * Lists the remaining alerts of a group with fresh totals, since some of those sent before have
 * ended.
 */
function listMessage(still: readonly StillFiring[], sent: Message): Message {
  const worstFirst = still.toSorted(
    (a, b) => compareSeverity(severityOf(a), severityOf(b)) || a.alert.identity.localeCompare(b.alert.identity, 'en'),
  );
  const severity = worstSeverity(still.map(severityOf));
  const counts = countsText(countBySeverity(still.map((each) => ({ severity: severityOf(each) }))));
  const fixable = still.filter(({ alert }) => alert.labels['fixable'] === 'true').length;
  const left = `Nothing new: ${count(still.length, 'alert')} (${counts ?? ''}) still ${still.length === 1 ? 'fires' : 'fire'}.`;
  return {
    ...sent,
    kind: sent.kind === 'summary' ? 'finding' : sent.kind,
    severity,
    title: `${headWord({ status: 'firing', severity })} · ${nameOf(still)}`,
    summary: clean(fixable > 0 ? `${left} An upgrade closes ${fixable}.` : left, 2 * maxItemChars),
    facts: fact('Images', placesOf(still).join(', ')),
    sections: section('Still there', worstFirst.map(itemOf)),
  };
}

/** Names the alerts: `CVE-2026-1 in openssl · 4 images`, `3 findings · shop/app:1`. */
function nameOf(still: readonly StillFiring[]): string {
  const names = new Set(still.map(({ alert }) => alert.annotations['summary'] ?? ''));
  const [name = ''] = names;
  const places = placesOf(still);
  const what = names.size === 1 && name !== '' ? name : count(still.length, 'alert');
  const where = places.length > 1 ? count(places.length, 'image') : places[0];
  return where === undefined ? what : `${what} · ${where}`;
}

function placesOf(still: readonly StillFiring[]): string[] {
  return [...new Set(still.map(placeOf))].filter((place) => place !== '');
}

function severityOf({ alert }: StillFiring): Severity {
  return severities.find((severity) => severity === alert.labels['severity']) ?? 'unknown';
}

function itemOf(still: StillFiring): MessageItem {
  const { annotations, labels } = still.alert;
  const [link] = still.message.links;
  const versions = [
    annotations['installedVersion'] ? `installed ${annotations['installedVersion']}` : '',
    annotations['fixedVersion'] ? `fixed in ${annotations['fixedVersion']}` : '',
  ];
  const parts = [placeOf(still), ...versions, `since ${timeText(still.since.toISOString())}`];
  return {
    severity: severityOf(still),
    text: annotations['summary'] ?? labels['rule'] ?? '',
    detail: parts.filter((part) => part !== '').join(' · '),
    isNew: false,
    ...(link && { url: link.url }),
  };
}

/** Image of an alert: `shop/app:1.2`; empty without one. */
function placeOf({ alert: { labels } }: StillFiring): string {
  const { repository = '', tag = '' } = labels;
  return tag === '' ? repository : `${repository}:${tag}`;
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** Formats a duration in the largest unit that counts at least two: `3 days`, `5 hours`. */
export function ageText(ms: number): string {
  const [name, unitMs] = units.find((unit) => ms >= 2 * unit[1]) ?? (['minute', 60_000] as const);
  return count(Math.max(Math.floor(ms / unitMs), 1), name);
}

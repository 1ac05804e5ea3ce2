import type { Alert } from '@tidewaiter/domain';

import type { OutgoingMessage } from '../sender.js';

/** Labels that change while an alert fires. Severity changes seldom, and routes match on it. */
const changing: ReadonlySet<string> = new Set(['new', 'digest', 'fixable', 'kev', 'running']);

/**
 * Alertmanager resolves an alert without an end after five minutes without repetition, and
 * Tidewaiter sends it once.
 */
const untilFurtherNoticeMs = 30 * 86_400_000;

export function postableAlert(alert: Alert, { message, externalUrl }: OutgoingMessage, now: Date): object {
  const { labels, annotations, startsAt, endsAt } = alert;
  const pairs = Object.entries(labels);
  return {
    labels: {
      alertname: labels['rule'] ?? labels['kind'] ?? 'Tidewaiter',
      ...Object.fromEntries(pairs.filter(([name]) => !changing.has(name))),
    },
    annotations: { ...annotations, ...Object.fromEntries(pairs.filter(([name]) => changing.has(name))) },
    startsAt,
    endsAt: endsAt ?? new Date(now.getTime() + untilFurtherNoticeMs).toISOString(),
    generatorURL: message.links[0]?.url ?? externalUrl,
  };
}

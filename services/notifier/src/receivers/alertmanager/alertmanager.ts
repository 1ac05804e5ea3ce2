import type { Alert } from '@tidewaiter/domain';

import { postJson } from '../http-channel.js';
import { receiver, type OutgoingMessage } from '../receiver.js';

/**
 * Passes alerts on to an Alertmanager, which groups and tells them by its own routes. It knows an alert by its labels; those of ours
 * that become others while it fires are annotations there. Repeating one is harmless.
 * @see https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export const alertmanager = receiver({
  kind: 'alertmanager',
  async send({ url, http, timeoutMs }, delivery, context) {
    const now = new Date();
    const body = delivery.alerts.map((alert) => postableAlert(alert, delivery, now));
    const request = { name: 'Alertmanager', url: `${url}/api/v2/alerts`, body, http, timeoutMs };
    return postJson(request, delivery, context);
  },
});

/** Labels that become other ones while an alert fires. Severity does so seldom, and people route by it. */
const changing: ReadonlySet<string> = new Set(['new', 'digest', 'fixable', 'kev', 'running']);

/** An alert without an end is over for Alertmanager after five minutes of silence, and we say what is new once. */
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

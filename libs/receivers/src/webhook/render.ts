import { createHash } from 'node:crypto';

import type { Alert, Labels } from '@tidewaiter/domain';

import type { OutgoingMessage } from '../sender.js';

/** End of a firing alert, as Alertmanager writes it. */
const notEnded = '0001-01-01T00:00:00Z';

/**
 * A group of alerts as Alertmanager posts it, version 4.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<webhook_config>`
 */
export function webhookPayload(delivery: OutgoingMessage, maxAlerts: number): Record<string, unknown> {
  const { alerts, receiver, groupKey, groupLabels, externalUrl, message } = delivery;
  const sent = maxAlerts === 0 ? alerts : alerts.slice(0, maxAlerts);
  return {
    version: '4',
    groupKey,
    truncatedAlerts: alerts.length - sent.length,
    receiver,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts: sent.map((alert) => ({
      status: alert.status,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: alert.startsAt,
      endsAt: alert.endsAt ?? notEnded,
      generatorURL: message.links[0]?.url ?? externalUrl,
      fingerprint: fingerprint(alert),
    })),
    groupLabels,
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: externalUrl,
  };
}

/** The pairs that all of the sets share. */
function common(sets: readonly Labels[]): Labels {
  const [first = {}, ...rest] = sets;
  const shared = Object.entries(first).filter(([name, value]) =>
    rest.every((labels) => Object.hasOwn(labels, name) && labels[name] === value),
  );
  return Object.fromEntries(shared);
}

/**
 * Fingerprint in the form of Prometheus, which hashes all labels. Labels of Tidewaiter change while
 * an alert fires, so its identity is hashed.
 */
function fingerprint({ identity }: Alert): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}

import type { Labels } from '@tidewaiter/domain';

import type { Delivery } from '../receiver.js';

/** Alertmanager's way to say that an alert has not ended. */
const notEnded = '0001-01-01T00:00:00Z';

/**
 * A group of alerts as Alertmanager posts it, version 4.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<webhook_config>`
 */
export function webhookPayload(delivery: Delivery, maxAlerts: number): Record<string, unknown> {
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
      fingerprint: labelFingerprint(alert.labels),
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
 * Prometheus' fingerprint of a label set, so that an alert that went through Alertmanager as well is known as the same one:
 * FNV-1a over names and values in the order of the names' bytes.
 */
export function labelFingerprint(labels: Labels): string {
  const pairs = Object.entries(labels).map((pair) => pair.map((text) => Buffer.from(text, 'utf8')) as [Buffer, Buffer]);
  let hash = 0xcbf29ce484222325n;
  for (const bytes of pairs.toSorted(([a], [b]) => Buffer.compare(a, b)).flat()) {
    for (const byte of [...bytes, 0xff]) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

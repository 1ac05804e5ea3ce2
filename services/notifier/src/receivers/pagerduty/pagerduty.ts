import type { Severity } from '@tidewaiter/domain';
import { cut } from '@tidewaiter/domain';
import { plainText } from '@tidewaiter/messages';

import { dedupKey, postJson } from '../http-channel.js';
import { receiver, type Configs, type Delivery } from '../receiver.js';

/** @see https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export const pagerDutyLimits = { summaryChars: 1024, eventBytes: 512_000 } as const;

const severities: Record<Severity, string> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
  negligible: 'info',
  // What nobody has rated may be critical, and what it is not is nothing.
  unknown: 'warning',
};

/**
 * PagerDuty's Events API v2. The key by which it knows an event again makes a repetition harmless, and ends what it opened.
 * @see https://developer.pagerduty.com/docs/events-api-v2/
 */
export const pagerduty = receiver({
  kind: 'pagerduty',
  async send(config, delivery, context) {
    const { url, timeoutMs } = config;
    return postJson({ name: 'PagerDuty', url, body: pagerDutyEvent(config, delivery), timeoutMs }, delivery, context);
  },
});

export function pagerDutyEvent(config: Configs['pagerduty'], delivery: Delivery): object {
  const { message, externalUrl, groupLabels } = delivery;
  const common = { routing_key: config.routingKey.reveal(), dedup_key: dedupKey(delivery) };
  if (message.status === 'resolved') return { ...common, event_action: 'resolve' };
  return {
    ...common,
    event_action: 'trigger',
    client: config.client ?? 'Tidewaiter',
    client_url: config.clientUrl ?? externalUrl,
    payload: {
      summary: cut(message.title, pagerDutyLimits.summaryChars),
      source: config.source ?? groupLabels['cluster'] ?? groupLabels['repository'] ?? 'Tidewaiter',
      severity: config.severity ?? severities[message.severity],
      component: config.component,
      group: config.group,
      class: config.class ?? message.kind,
      custom_details: {
        ...Object.fromEntries(message.facts.map(({ label, value }) => [label, value])),
        // A tenth of what an event may take: the rest is for what is written twice or thrice as long in JSON.
        text: plainText(message, pagerDutyLimits.eventBytes / 10),
        ...Object.fromEntries(config.details),
      },
    },
    links: message.links.map(({ text, url }) => ({ href: url, text })),
  };
}

import { cut, type Severity } from '@tidewaiter/domain';
import type { Message } from '@tidewaiter/messages';

import { dedupKey } from '../dedup-key.js';
import { plainText } from '../plain-text.js';
import type { OutgoingMessage } from '../sender.js';
import type { PagerDutyConfig } from './config.js';

/** @see https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export const pagerDutyLimits = { summaryChars: 1024, eventBytes: 512_000 } as const;

const severities: Record<Severity, string> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
  negligible: 'info',
  // An unknown severity may be critical, and what it is not is nothing.
  unknown: 'warning',
};

export function pagerDutyEvent(config: PagerDutyConfig, delivery: OutgoingMessage): object {
  const { message, externalUrl, groupLabels } = delivery;
  const common = { routing_key: config.key.reveal(), dedup_key: dedupKey(delivery) };
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
      custom_details: detailsOf(config, message),
    },
    links: message.links.map(({ text, url }) => ({ href: url, text })),
  };
}

/** As version 1 has it: without severity, source and the like, which are details there. */
export function olderPagerDutyEvent(config: PagerDutyConfig, delivery: OutgoingMessage): object {
  const { message, externalUrl } = delivery;
  const isOver = message.status === 'resolved';
  const { severity, source, component, group, class: kind } = config;
  const named = Object.entries({
    severity: severity ?? severities[message.severity],
    source,
    component,
    group,
    class: kind,
  });
  return {
    service_key: config.key.reveal(),
    incident_key: dedupKey(delivery),
    event_type: isOver ? 'resolve' : 'trigger',
    description: cut(message.title, pagerDutyLimits.summaryChars),
    ...(!isOver && {
      client: config.client ?? 'Tidewaiter',
      client_url: config.clientUrl ?? externalUrl,
      details: { ...Object.fromEntries(named.filter(([, value]) => value)), ...detailsOf(config, message) },
      contexts: message.links.map(({ text, url }) => ({ type: 'link', href: url, text })),
    }),
  };
}

function detailsOf({ details }: PagerDutyConfig, message: Message): Record<string, string> {
  return {
    ...Object.fromEntries(message.facts.map(({ label, value }) => [label, value])),
    // A tenth of what an event may take: the rest is for what is written twice or thrice as long in
    // JSON.
    text: plainText(message, pagerDutyLimits.eventBytes / 10),
    ...Object.fromEntries(details),
  };
}

import type { Secret } from '@tidewaiter/domain';

import type { Section } from '../section.js';
import { readHttpAuth, refuseAuth } from './http-auth.js';

/** One entry of `pagerduty_configs`. */
export interface PagerDutyConfig {
  routingKey: Secret;
  url: string;
  /** One of PagerDuty's words; by the message's own severity where the file does not say. */
  severity: PagerDutySeverity | undefined;
  class: string | undefined;
  component: string | undefined;
  group: string | undefined;
  source: string | undefined;
  client: string | undefined;
  clientUrl: string | undefined;
  details: [name: string, value: string][];
  timeoutMs: number;
  sendResolved: boolean;
}

export type PagerDutySeverity = (typeof severities)[number];

const severities = ['critical', 'error', 'warning', 'info'] as const;

/** What the `global` section says for every PagerDuty receiver. */
export interface PagerDutyDefaults {
  url: string;
}

export function readPagerDutyDefaults(global: Section): PagerDutyDefaults {
  return { url: global.url('pagerduty_url') ?? 'https://events.pagerduty.com/v2/enqueue' };
}

/**
 * Reads one entry of `pagerduty_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<pagerduty_config>`
 */
export function readPagerDuty(section: Section, defaults: PagerDutyDefaults): PagerDutyConfig | undefined {
  const routingKey = section.secret('routing_key');
  const config = {
    url: section.url('url') ?? defaults.url,
    severity: readSeverity(section),
    class: section.text('class'),
    component: section.text('component'),
    group: section.text('group'),
    source: section.text('source'),
    client: section.text('client'),
    clientUrl: section.url('client_url'),
    details: section.plainPairs('details'),
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  refuseAuth(section, readHttpAuth(section), 'the routing key says who we are');
  // The older Events API has keys and an address of its own, and no severities.
  const isOlder = section.has('service_key') || section.has('service_key_file');
  section.finish(['service_key', 'service_key_file', 'description', 'images', 'links']);
  if (!routingKey && !isOlder) section.problem('routing_key', 'or routing_key_file is required');
  return routingKey && { routingKey, ...config };
}

function readSeverity(section: Section): PagerDutySeverity | undefined {
  const text = section.text('severity');
  const severity = severities.find((each) => each === text?.toLowerCase());
  if (text !== undefined && severity === undefined)
    section.problem('severity', `expected one of ${severities.join(', ')}`);
  return severity;
}

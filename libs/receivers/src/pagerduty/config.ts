import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `pagerduty_configs`. */
export interface PagerDutyConfig {
  /**
   * Version of the Events API; the integration key of a PagerDuty service works with one version
   * only.
   */
  api: 'v1' | 'v2';
  key: Secret;
  url: string;
  /** One of PagerDuty's severities; by default derived from the severity of the message. */
  severity: PagerDutySeverity | undefined;
  class: string | undefined;
  component: string | undefined;
  group: string | undefined;
  source: string | undefined;
  client: string | undefined;
  clientUrl: string | undefined;
  details: [name: string, value: string][];
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

export type PagerDutySeverity = (typeof severities)[number];

const severities = ['critical', 'error', 'warning', 'info'] as const;

/** Defaults of the `global` section for every PagerDuty receiver. */
export interface PagerDutyDefaults {
  url: string;
}

/** URL of the Events API v1, which is fixed; `global.pagerduty_url` applies to v2. */
const olderUrl = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';

export function readPagerDutyDefaults(global: Section): PagerDutyDefaults {
  return { url: global.url('pagerduty_url') ?? 'https://events.pagerduty.com/v2/enqueue' };
}

/**
 * Reads one entry of `pagerduty_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<pagerduty_config>`
 */
export function readPagerDuty(
  section: Section,
  http: HttpConfig,
  defaults: PagerDutyDefaults,
): PagerDutyConfig | undefined {
  const [routingKey, serviceKey] = [section.secret('routing_key'), section.secret('service_key')];
  const api = serviceKey && !routingKey ? 'v1' : 'v2';
  const config = {
    url: section.url('url') ?? (api === 'v1' ? olderUrl : defaults.url),
    severity: readSeverity(section),
    class: section.wording('class'),
    component: section.wording('component'),
    group: section.wording('group'),
    source: section.wording('source'),
    client: section.wording('client'),
    clientUrl: section.url('client_url'),
    details: section.plainPairs('details'),
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  } as const;
  refuseAuth(section, http, 'the key authenticates it');
  section.finish(['description', 'images', 'links'], rendered);
  if (routingKey && serviceKey) section.problem('routing_key', 'and service_key are both given; keep one');
  const key = routingKey ?? serviceKey;
  if (!key) section.problem('routing_key', 'or service_key is required, or one of them in a file');
  return key && { api, key, ...config };
}

function readSeverity(section: Section): PagerDutySeverity | undefined {
  const text = section.wording('severity');
  const severity = severities.find((each) => each === text?.toLowerCase());
  if (text !== undefined && severity === undefined)
    section.problem('severity', `expected one of ${severities.join(', ')}`);
  return severity;
}

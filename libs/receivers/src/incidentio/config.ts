import type { Secret } from '@tidewaiter/domain';
import type { Section } from '@tidewaiter/routing';

import type { HttpConfig } from '../http-config.js';

/** One entry of `incidentio_configs`. */
export interface IncidentioConfig {
  url: string;
  /** Alerts above this number are left out and counted; 0 sends them all. */
  maxAlerts: number;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/**
 * Reads one entry of `incidentio_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<incidentio_config>`
 */
export function readIncidentio(section: Section, http: HttpConfig): IncidentioConfig | undefined {
  const url = section.secretUrl('url')?.reveal();
  const token = section.headerSecret('alert_source_token');
  const config = {
    maxAlerts: section.count('max_alerts') ?? 0,
    http: withToken(http, token),
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  section.finish();
  if (token && http.auth)
    section.problem('alert_source_token', 'and credentials in http_config are both given; keep one');
  if (!token && !http.auth)
    section.problem('alert_source_token', 'or alert_source_token_file is required, or http_config.authorization');
  if (url === undefined) section.problem('url', 'or url_file is required');
  return url === undefined ? undefined : { url, ...config };
}

function withToken(http: HttpConfig, token: Secret | undefined): HttpConfig {
  return token ? { ...http, auth: { type: 'authorization', scheme: 'Bearer', credentials: token } } : http;
}

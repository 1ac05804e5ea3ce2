import type { Section } from '@tidewaiter/routing';

import type { HttpConfig } from '../http-config.js';

/**
 * One entry of `alertmanager_configs`, a kind of Tidewaiter's own: an Alertmanager to which alerts
 * are forwarded.
 */
export interface AlertmanagerConfig {
  /** URL of the server; `/api/v2/alerts` is appended. */
  url: string;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** Reads one entry of `alertmanager_configs`; undefined when a problem was noted. */
export function readAlertmanager(section: Section, http: HttpConfig): AlertmanagerConfig | undefined {
  const url = section.url('url');
  const config = {
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  section.finish();
  if (url === undefined) section.problem('url', 'is required');
  return url === undefined ? undefined : { url: url.replace(/\/$/, ''), ...config };
}

import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, readRequestSettings } from '../http-config.js';

/** One entry of `msteamsv2_configs`: a Power Automate flow, whose URL is its secret. */
export interface TeamsConfig {
  url: Secret;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/**
 * Reads one entry of `msteamsv2_configs`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<msteamsv2_config>`
 */
export function readTeams(section: Section, http: HttpConfig): TeamsConfig | undefined {
  const url = section.secretUrl('webhook_url');
  const config = readRequestSettings(section, http);
  section.finish(['title', 'text'], rendered);
  if (!url) section.problem('webhook_url', 'or webhook_url_file is required');
  return url && { url, ...config };
}

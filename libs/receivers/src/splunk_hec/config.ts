import type { Secret } from '@tidewaiter/domain';
import type { Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `splunk_hec_configs`, a kind of Tidewaiter's own. */
export interface SplunkHecConfig {
  /** URL of the collector; `/services/collector/event` is appended. */
  url: string;
  token: Secret;
  /** Index; the token's own without it. */
  index: string | undefined;
  source: string;
  sourcetype: string;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
  audit: boolean;
}

/** Reads one entry of `splunk_hec_configs`; undefined when a problem was noted. */
export function readSplunkHec(section: Section, http: HttpConfig): SplunkHecConfig | undefined {
  const [url, token] = [section.url('url'), section.headerSecret('token')];
  const config = {
    index: section.text('index'),
    source: section.text('source') ?? 'tidewaiter',
    sourcetype: section.text('sourcetype') ?? 'tidewaiter:ocsf',
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
    audit: section.flag('audit') ?? false,
  };
  refuseAuth(section, http, 'the token authenticates it');
  section.finish();
  if (url === undefined) section.problem('url', 'is required');
  if (!token) section.problem('token', 'or token_file is required');
  return url === undefined || !token ? undefined : { url: url.replace(/\/$/, ''), token, ...config };
}

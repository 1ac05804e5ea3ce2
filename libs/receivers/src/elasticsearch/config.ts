import type { Section } from '@tidewaiter/routing';

import type { HttpConfig } from '../http-config.js';

/** One entry of `elasticsearch_configs`, a kind of Tidewaiter's own; OpenSearch takes the same. */
export interface ElasticsearchConfig {
  /** URL of the cluster; `/_bulk` is appended. */
  url: string;
  /** Index or data stream. */
  index: string;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
  audit: boolean;
}

/** Name of an index or data stream. @see https://www.elastic.co/docs/api/doc/elasticsearch */
const indexName = /^[^A-Z\\/*?"<>| ,#:_+.-][^A-Z\\/*?"<>| ,#:]{0,254}$/;

/** Reads one entry of `elasticsearch_configs`; undefined when a problem was noted. */
export function readElasticsearch(section: Section, http: HttpConfig): ElasticsearchConfig | undefined {
  const url = section.url('url');
  const config = {
    index: section.text('index') ?? 'tidewaiter-findings',
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
    audit: section.flag('audit') ?? false,
  };
  if (!indexName.test(config.index)) section.problem('index', 'expected the name of an index, in lower case');
  section.finish();
  if (url === undefined) section.problem('url', 'is required');
  return url === undefined ? undefined : { url: url.replace(/\/$/, ''), ...config };
}

import type { Secret } from '@tidewaiter/domain';
import type { Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';
import { type ImageFilter, readImageFilter } from '../image-filter.js';

/** One entry of `dependency_track_configs`, a kind of Tidewaiter's own. */
export interface DependencyTrackConfig {
  /** URL of the API server; `/api/v1/bom` is appended. */
  url: string;
  apiKey: Secret;
  takes: ImageFilter;
  /** Whether a project that does not exist is created. */
  autoCreate: boolean;
  /** Tags of the project, which Dependency-Track knows from 4.12 on. */
  tags: string[];
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: false;
}

/** Reads one entry of `dependency_track_configs`; undefined when a problem was noted. */
export function readDependencyTrack(section: Section, http: HttpConfig): DependencyTrackConfig | undefined {
  const [url, apiKey] = [section.url('url'), section.headerSecret('api_key')];
  const config = {
    takes: readImageFilter(section),
    autoCreate: section.flag('auto_create') ?? true,
    tags: section.texts('project_tags') ?? [],
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: false as const,
  };
  refuseAuth(section, http, 'the key authenticates it');
  section.finish();
  if (url === undefined) section.problem('url', 'is required');
  if (!apiKey) section.problem('api_key', 'or api_key_file is required');
  return url === undefined || !apiKey ? undefined : { url: url.replace(/\/$/, ''), apiKey, ...config };
}

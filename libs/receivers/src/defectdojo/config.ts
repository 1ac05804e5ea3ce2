import { severities, type Secret, type Severity } from '@tidewaiter/domain';
import type { Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';
import { type ImageFilter, readImageFilter } from '../image-filter.js';

/** One entry of `defectdojo_configs`, a kind of Tidewaiter's own. */
export interface DefectDojoConfig {
  /** URL of DefectDojo; `/api/v2/reimport-scan/` is appended. */
  url: string;
  token: Secret;
  takes: ImageFilter;
  /** Product type of products that are created. */
  productType: string;
  /** Product; the repository without it. */
  product: string | undefined;
  engagement: string;
  /** Whether product, engagement and test that do not exist are created. */
  autoCreate: boolean;
  /** Whether findings that an image has lost are closed. */
  closeOldFindings: boolean;
  minSeverity: Severity;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: false;
}

/** Reads one entry of `defectdojo_configs`; undefined when a problem was noted. */
export function readDefectDojo(section: Section, http: HttpConfig): DefectDojoConfig | undefined {
  const [url, token] = [section.url('url'), section.headerSecret('api_token')];
  const minSeverity = section.text('min_severity') ?? 'negligible';
  const known = severities.find((each) => each === minSeverity);
  if (!known) section.problem('min_severity', `expected one of ${severities.join(', ')}`);
  const config = {
    takes: readImageFilter(section),
    productType: section.text('product_type') ?? 'Container images',
    product: section.text('product'),
    engagement: section.text('engagement') ?? 'Tidewaiter',
    autoCreate: section.flag('auto_create') ?? true,
    closeOldFindings: section.flag('close_old_findings') ?? true,
    minSeverity: known ?? ('negligible' as const),
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: false as const,
  };
  refuseAuth(section, http, 'the token authenticates it');
  section.finish();
  if (url === undefined) section.problem('url', 'is required');
  if (!token) section.problem('api_token', 'or api_token_file is required');
  return url === undefined || !token ? undefined : { url: url.replace(/\/$/, ''), token, ...config };
}

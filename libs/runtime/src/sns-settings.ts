import { z } from 'zod';

import type { SecretReader } from './secret-settings.js';

/** A topic of Amazon SNS. */
export const topicArn = z.string().regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+$/, 'is no ARN of a topic');

/**
 * Topic whose signed messages are accepted, with the certificate (PEM) if it cannot be fetched from
 * Amazon.
 */
export interface SnsSettings {
  topicArn: string;
  certificate?: string | undefined;
}

export function snsSettings(
  { topicArn, snsCertificateFile }: { topicArn?: string | undefined; snsCertificateFile?: string | undefined },
  at: string,
  secrets: SecretReader,
): SnsSettings | undefined {
  if (topicArn === undefined) return undefined;
  return { topicArn, certificate: secrets.text(`${at}.snsCertificateFile`, snsCertificateFile) };
}

import { z } from 'zod';

import type { SecretReader } from './secret-settings.js';

/** A topic of Amazon SNS. */
export const topicArn = z.string().regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+$/, 'is no ARN of a topic');

/** Whose signed messages are believed, and with which certificate (PEM) where it is not Amazon's to fetch. */
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

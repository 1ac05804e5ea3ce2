import { readSbom } from '@tidewaiter/analyzers';
import { MalformedFile } from '@tidewaiter/domain';

import { invalidDocument } from './document-kind.js';

/**
 * How many packages an SBOM lists by purl.
 * @throws InvalidInput `DOCUMENT_INVALID`; LimitExceeded
 */
export function countPackages(content: Buffer, title: string): number {
  try {
    return readSbom(content, 'the SBOM').packages?.length ?? 0;
  } catch (error) {
    if (error instanceof MalformedFile) throw invalidDocument(title, error.message);
    throw error;
  }
}

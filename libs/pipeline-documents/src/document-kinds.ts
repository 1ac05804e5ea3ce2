import { InvalidInput } from '@tidewaiter/domain';
import { isObject, parseJson } from '@tidewaiter/webhooks';

import { cyclonedx } from './cyclonedx/cyclonedx.js';
import type { DocumentKind, DocumentContent } from './document-kind.js';
import { inToto } from './in-toto/in-toto.js';
import { ciRun } from './run/run.js';
import { spdx } from './spdx/spdx.js';

/** Every kind of document that is read; the first that recognizes one reads it. */
export const documentKinds: readonly DocumentKind[] = [cyclonedx, spdx, inToto, ciRun];

/** A document, byte for byte, with its claims. */
export interface PipelineDocument extends DocumentContent {
  format: DocumentKind['format'];
  content: Buffer;
}

/**
 * @throws InvalidInput `BODY_NOT_JSON`, `BODY_TOO_DEEP`, `BODY_UNRECOGNIZED` or `DOCUMENT_INVALID`
 */
export function readDocument(content: Buffer): PipelineDocument {
  const document = parseJson(content);
  const kind = isObject(document) ? documentKinds.find((each) => each.recognizes(document)) : undefined;
  if (!kind || !isObject(document)) {
    const known = documentKinds.map(({ title }) => title).join(', ');
    throw new InvalidInput('BODY_UNRECOGNIZED', `The body is none of these: ${known}.`);
  }
  return { ...kind.read(document, content), format: kind.format, content };
}

import type { Digest } from '@tidewaiter/domain';

import type { JsonObject } from '../../http/hook-request.js';

/** One of the two shapes that SPDX has had. */
export interface SpdxEdition {
  recognises(document: JsonObject): boolean;
  /** Reason why a document is not of this edition, for readers. */
  problemOf(document: JsonObject): string | null;
  versionOf(document: JsonObject): string;
  /** Purls of the packages that the document is about. */
  purlsOf(document: JsonObject): unknown[];
  /** The images that it is about. */
  subjectsOf(document: JsonObject): Digest[];
}

import type { Digest } from '@tidewaiter/domain';
import type { HookObject } from '@tidewaiter/webhooks';

/** One of the two shapes that SPDX has had. */
export interface SpdxEdition {
  recognizes(document: HookObject): boolean;
  /** Reason why a document is not of this edition, for readers. */
  problemOf(document: HookObject): string | null;
  versionOf(document: HookObject): string;
  /** Purls of the packages that the document is about. */
  purlsOf(document: HookObject): unknown[];
  /** The images that it is about. */
  subjectsOf(document: HookObject): Digest[];
}

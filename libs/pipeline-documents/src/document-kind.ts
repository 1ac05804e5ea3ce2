import { type CiRun, type Digest, InvalidInput, type PipelineReportKind } from '@tidewaiter/domain';
import type { HookObject } from '@tidewaiter/webhooks';

import type { BuiltImageName } from './image-name.js';

/**
 * One kind of document that pipelines send. Pure: it returns what the document claims, without
 * trusting it.
 */
export interface DocumentKind {
  /** Tidewaiter's name of the format: `cyclonedx`. */
  format: DocumentFormat;
  /** Name for readers. */
  title: string;
  /** Whether a document claims to be of this kind. */
  recognizes(document: HookObject): boolean;
  /** @throws InvalidInput `DOCUMENT_INVALID` when it violates its format */
  read(document: HookObject, content: Buffer): DocumentContent;
}

export const documentFormats = ['cyclonedx', 'spdx', 'in-toto', 'run'] as const;

export type DocumentFormat = (typeof documentFormats)[number];

/** Claims of a document. */
export interface DocumentContent {
  kind: PipelineReportKind;
  mediaType: string;
  /** Version of the format, or the type of the predicate. */
  version: string | null;
  /** The images that the document names as its subject. */
  subjects: readonly Digest[];
  /**
   * Whether it cannot be about another digest: a statement names its subjects, an SBOM may have
   * been made of a folder.
   */
  isBound: boolean;
  image: BuiltImageName | null;
  run: CiRun;
  /** Packages that an SBOM lists. */
  packages: number | null;
  /** Builder, from its provenance. */
  builder: string | null;
}

/** Error for a document that violates its own format. */
export function invalidDocument(title: string, problem: string): InvalidInput {
  return new InvalidInput('DOCUMENT_INVALID', `The document is no valid ${title}: ${problem}.`);
}

/** The value if it is a list, else an empty list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

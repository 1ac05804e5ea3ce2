import { type CiRun, type Digest, InvalidInput, type PipelineReportKind } from '@tidewaiter/domain';

import type { JsonObject } from '../../hook-request.js';
import type { ImageName } from '../image-name.js';

/** One kind of document that pipelines send. Pure: it believes nothing, and says what the document claims. */
export interface DocumentKind {
  /** A word of ours: `cyclonedx`. */
  format: DocumentFormat;
  /** For people. */
  title: string;
  /** Whether a document means to be of this kind. */
  recognises(document: JsonObject): boolean;
  /** @throws InvalidInput `DOCUMENT_INVALID` when it does not keep to what its kind demands */
  read(document: JsonObject, content: Buffer): Stated;
}

export const documentFormats = ['cyclonedx', 'spdx', 'in-toto', 'run'] as const;

export type DocumentFormat = (typeof documentFormats)[number];

/** What a document says. */
export interface Stated {
  kind: PipelineReportKind;
  mediaType: string;
  /** Of the format, or the type of the predicate. */
  version: string | null;
  /** The images that it names itself as what it is about. */
  subjects: readonly Digest[];
  /** Whether it can be about nothing else: a statement names its subjects, an SBOM may have been made of a folder. */
  isBound: boolean;
  image: ImageName | null;
  run: CiRun;
  /** Packages that an SBOM lists. */
  packages: number | null;
  /** Who built it, as its provenance says. */
  builder: string | null;
}

/** A document that does not keep to its own format. */
export function invalidDocument(title: string, problem: string): InvalidInput {
  return new InvalidInput('DOCUMENT_INVALID', `The document is no valid ${title}: ${problem}.`);
}

/** What is no list has nothing in it. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

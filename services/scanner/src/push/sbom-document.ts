import { type SbomDifferences, sbomDifferences } from '@tidewaiter/analyzers';
import { type ImagePackage, limitJsonValues, TidewaiterError } from '@tidewaiter/domain';

/** SBOM in JSON, and the packages of its image. */
export interface SbomDocument {
  content: Uint8Array;
  packages: readonly ImagePackage[];
}

/** Differences, or why the document cannot be read: a thread passes on no class of errors. */
export type DocumentComparison = { differences: SbomDifferences } | { problem: string };

/** Parses an SBOM and compares it with the packages of its image. */
export function compareDocument({ content, packages }: SbomDocument): DocumentComparison {
  try {
    const text = new TextDecoder().decode(content);
    limitJsonValues(text);
    return { differences: sbomDifferences(JSON.parse(text), packages) };
  } catch (error) {
    if (error instanceof TidewaiterError || error instanceof SyntaxError) return { problem: error.message };
    throw error;
  }
}

import { type Finding, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { type Differences, sbomFinding } from './sbom-finding.js';
import type { AttestedSbom } from './verify-image.js';

/**
 * Compares the SBOMs of trusted signers with the image: one finding for each signer. An unreadable
 * one is a warning.
 * @param repository of the image
 * @param compare returns the differences of a parsed SBOM from the packages of the image
 */
export function attestedSbomFindings(
  repository: string,
  sboms: readonly AttestedSbom[],
  compare: (document: unknown) => Differences,
): { findings: Finding[]; warnings: Warning[] } {
  const findings = new Map<string, Finding>();
  const warnings: Warning[] = [];
  for (const { signer, artifact, document } of sboms) {
    try {
      for (const finding of sbomFinding(repository, signer.name, artifact, compare(document)))
        findings.set(finding.fingerprint, finding);
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      warnings.push({ code: 'PROVENANCE_UNREADABLE', path: null, message: `SBOM of ${signer.name}: ${error.message}` });
    }
  }
  return { findings: [...findings.values()], warnings };
}

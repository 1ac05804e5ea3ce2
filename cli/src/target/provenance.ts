import { sbomDifferences } from '@tidewaiter/analyzers';
import { type Finding, type ImagePackage, type Provenance, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';
import { attestedStatements, type VexStatement } from '@tidewaiter/policy';
import { type AttestedSbom, imageProvenance, type Trust, sbomFinding, unsignedFinding } from '@tidewaiter/provenance';

import type { ImageSource } from '../sources/image-source.js';

/** Signatures of an image, and the finding if no required signer signed it. */
export interface SignedBy {
  provenance: Provenance;
  findings: Finding[];
  /** VEX statements of trusted signers. */
  statements: VexStatement[];
  /** SBOMs of trusted signers. */
  sboms: AttestedSbom[];
  warnings: Warning[];
}

/** Looks for signatures and attestations in the image's registry or layout. */
export async function signedBy(reference: string, { signed }: ImageSource, trust: Trust): Promise<SignedBy> {
  const { signatures, attestations, vex, sboms, ...found } = signed
    ? await imageProvenance(signed.place, signed.digests, trust)
    : { signatures: [], attestations: [], vex: [], sboms: [], warnings: [nowhere] };
  const { statements, warnings } = attestedStatements(vex);
  const provenance = { signatures, attestations };
  const signers = [...trust.keys, ...trust.certificates].map(({ name }) => name);
  const findings = unsignedFinding(reference, provenance, signers, found.warnings.length === 0);
  return { provenance, findings, statements, sboms, warnings: [...found.warnings, ...warnings] };
}

/** Compares attached SBOMs with the packages of the image; unreadable ones are warnings. */
export function comparedSboms(
  reference: string,
  sboms: readonly AttestedSbom[],
  packages: readonly ImagePackage[],
): { findings: Finding[]; warnings: Warning[] } {
  const findings = new Map<string, Finding>();
  const warnings: Warning[] = [];
  for (const { signer, artifact, document } of sboms) {
    try {
      for (const finding of sbomFinding(reference, signer.name, artifact, sbomDifferences(document, packages)))
        findings.set(finding.fingerprint, finding);
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      warnings.push({ code: 'PROVENANCE_UNREADABLE', path: null, message: `SBOM of ${signer.name}: ${error.message}` });
    }
  }
  return { findings: [...findings.values()], warnings };
}

const nowhere: Warning = {
  code: 'PROVENANCE_UNREADABLE',
  path: null,
  message: 'signatures lie in registries and OCI layouts; this target has no place for them',
};

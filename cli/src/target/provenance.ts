import { commonSbomDifferences, sbomDifferences } from '@tidewaiter/analyzers';
import type { Finding, ImagePackage, Provenance } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';
import { attestedStatements, type VexStatement } from '@tidewaiter/policy';
import {
  type AttestedSbom,
  attestedSbomFindings,
  findBuildStatements,
  imageProvenance,
  provenanceLimits,
  type Trust,
  unsignedFinding,
  type UnsignedSbom,
  unsignedSbomFindings,
} from '@tidewaiter/provenance';

import type { ImageSource } from '../sources/image-source.js';

/** Signatures of an image, and the finding if no required signer signed it. */
export interface SignedBy {
  provenance: Provenance;
  findings: Finding[];
  /** VEX statements of trusted signers. */
  statements: VexStatement[];
  /** SBOMs of trusted signers. */
  sboms: AttestedSbom[];
  unsignedSboms: UnsignedSbom[];
  warnings: Warning[];
}

/** Looks for signatures and attestations in the image's registry or layout. */
export async function signedBy(
  reference: string,
  { signed, buildStatements }: ImageSource,
  trust: Trust,
): Promise<SignedBy> {
  const { signatures, attestations, vex, sboms, unsignedSboms, ...found } = signed
    ? await imageProvenance(signed.place, signed.digests, trust, {
        ...(buildStatements && { buildStatements: async () => buildStatements }),
      })
    : { signatures: [], attestations: [], vex: [], sboms: [], unsignedSboms: [], warnings: [nowhere] };
  const { statements, warnings } = attestedStatements(vex);
  const provenance = { signatures, attestations };
  const signers = [...trust.keys, ...trust.certificates].map(({ name }) => name);
  const findings = unsignedFinding(reference, provenance, signers, found.warnings.length === 0);
  return { provenance, findings, statements, sboms, unsignedSboms, warnings: [...found.warnings, ...warnings] };
}

/** SBOMs that BuildKit attested in the index of the image: their place costs no request. */
export async function buildSboms({
  signed,
  digest,
  buildStatements,
}: ImageSource): Promise<{ unsignedSboms: UnsignedSbom[]; warnings: Warning[] }> {
  if (!signed || digest === null || !buildStatements) return { unsignedSboms: [], warnings: [] };
  const manifests = async () => buildStatements;
  const { sboms, warnings } = await findBuildStatements(signed.place, digest, manifests, provenanceLimits, false);
  return { unsignedSboms: sboms, warnings };
}

/** Compares SBOMs of trusted signers with the packages of the image. */
export function comparedSboms(
  reference: string,
  sboms: readonly AttestedSbom[],
  packages: readonly ImagePackage[],
): { findings: Finding[]; warnings: Warning[] } {
  return attestedSbomFindings(reference, sboms, (document) => sbomDifferences(document, packages));
}

/** Compares SBOMs without a signature with the packages of the image. */
export async function comparedUnsignedSboms(
  reference: string,
  { signed, digest }: ImageSource,
  sboms: readonly UnsignedSbom[],
  packages: readonly ImagePackage[],
): Promise<{ findings: Finding[]; warnings: Warning[] }> {
  if (!signed || digest === null || sboms.length === 0) return { findings: [], warnings: [] };
  return unsignedSbomFindings(signed.place, { repository: reference, digest }, sboms, (document) =>
    commonSbomDifferences(document, packages),
  );
}

const nowhere: Warning = {
  code: 'PROVENANCE_UNREADABLE',
  path: null,
  message: 'signatures lie in registries and OCI layouts; this target has no place for them',
};

import type { Finding, Provenance } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';
import { attestedStatements, type VexStatement } from '@tidewaiter/policy';
import { imageProvenance, type Trust, unsignedFinding } from '@tidewaiter/provenance';

import type { ImageSource } from '../sources/image-source.js';

/** Signatures of an image, and the finding if no required signer signed it. */
export interface SignedBy {
  provenance: Provenance;
  findings: Finding[];
  /** VEX statements of trusted signers. */
  statements: VexStatement[];
  warnings: Warning[];
}

/** Looks for signatures and attestations in the image's registry or layout. */
export async function signedBy(reference: string, { signed }: ImageSource, trust: Trust): Promise<SignedBy> {
  const { signatures, attestations, vex, ...found } = signed
    ? await imageProvenance(signed.place, signed.digests, trust)
    : { signatures: [], attestations: [], vex: [], warnings: [nowhere] };
  const { statements, warnings } = attestedStatements(vex);
  const provenance = { signatures, attestations };
  const signers = [...trust.keys, ...trust.certificates].map(({ name }) => name);
  const findings = unsignedFinding(reference, provenance, signers, found.warnings.length === 0);
  return { provenance, findings, statements, warnings: [...found.warnings, ...warnings] };
}

const nowhere: Warning = {
  code: 'PROVENANCE_UNREADABLE',
  path: null,
  message: 'signatures lie in registries and OCI layouts; this target has no place for them',
};

import type { Finding, Provenance } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';
import { imageProvenance, type Trust, unsignedFinding } from '@tidewaiter/provenance';

import type { ImageSource } from '../sources/image-source.js';

/** What is signed of an image, and the finding where it is not signed by whom it should be. */
export interface SignedBy {
  provenance: Provenance;
  findings: Finding[];
  warnings: Warning[];
}

/** Looks for signatures and attestations where the image lies. */
export async function signedBy(reference: string, { signed }: ImageSource, trust: Trust): Promise<SignedBy> {
  const { signatures, attestations, warnings } = signed
    ? await imageProvenance(signed.place, signed.digests, trust)
    : { signatures: [], attestations: [], warnings: [nowhere] };
  const provenance = { signatures, attestations };
  const signers = [...trust.keys, ...trust.certificates].map(({ name }) => name);
  return { provenance, findings: unsignedFinding(reference, provenance, signers, warnings.length === 0), warnings };
}

const nowhere: Warning = {
  code: 'PROVENANCE_UNREADABLE',
  path: null,
  message: 'signatures lie in registries and OCI layouts; this target has no place for them',
};

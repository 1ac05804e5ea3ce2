import { AccessDenied, type Digest } from '@tidewaiter/domain';
import type { Trust } from '@tidewaiter/provenance';

import type { AdvisoryPlace } from './artifact-place.js';

/**
 * Requires a signature of one of the trusted signers, by key or certificate, over the digest of a
 * manifest.
 * @throws AccessDenied `ARTIFACT_UNSIGNED`
 */
export async function requireSignature(place: AdvisoryPlace, digest: Digest, trust: Trust): Promise<void> {
  // Loads libraries that only this needs.
  const { findArtifacts, verifyImage } = await import('@tidewaiter/provenance');
  const found = await findArtifacts(place, digest);
  const { signatures } = verifyImage(digest, found.artifacts, trust);
  if (signatures.some(({ verified }) => verified)) return;
  const refusal = signatures.find(({ code }) => code !== 'UNSIGNED')?.reason ?? found.warnings[0]?.message;
  const reason = refusal ?? 'it has no signature';
  throw new AccessDenied('ARTIFACT_UNSIGNED', `${place.name}: no trusted signer signed ${digest}: ${reason}`);
}

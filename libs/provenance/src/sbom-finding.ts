import type { Finding } from '@tidewaiter/domain';

import { supplyChainFinding } from './supply-chain-finding.js';

export const sbomFindingId = 'sbom-differs';

/** Limit on named packages of each side; an SBOM of another image differs in all of them. */
const maxNamed = 50;

/** Differences between an SBOM and the image, by purl. */
interface Differences {
  /** Packages of the image that the SBOM lacks. */
  unlisted: readonly string[];
  /** Packages of the SBOM that the image lacks. */
  absent: readonly string[];
}

/**
 * Finding about an SBOM that is not that of the image; none without differences.
 * @param repository of the image
 * @param author signer or pipeline that vouches for the SBOM
 * @param document digest of the SBOM, or of the manifest that holds it
 */
export function sbomFinding(
  repository: string,
  author: string,
  document: string,
  { unlisted, absent }: Differences,
): Finding[] {
  if (unlisted.length + absent.length === 0) return [];
  const parts = [
    ...(unlisted.length > 0 ? [`lacks ${counted(unlisted)} of the image`] : []),
    ...(absent.length > 0 ? [`names ${counted(absent)} that the image does not have`] : []),
  ];
  const known = {
    id: sbomFindingId,
    severity: 'low',
    title: `SBOM of ${author} ${parts.join(' and ')}`,
    evidence: {
      repository,
      author,
      document,
      unlisted: unlisted.slice(0, maxNamed),
      unlistedCount: unlisted.length,
      absent: absent.slice(0, maxNamed),
      absentCount: absent.length,
    },
  } as const;
  return [supplyChainFinding(known, `${repository}\n${author}`)];
}

function counted({ length }: readonly string[]): string {
  return length === 1 ? '1 package' : `${length} packages`;
}

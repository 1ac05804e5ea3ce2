import type { Finding } from '@tidewaiter/domain';

import type { SbomSource, UnsignedSbom } from './artifact.js';
import { supplyChainFinding, supplyChainFingerprint } from './supply-chain-finding.js';

export const sbomFindingId = 'sbom-differs';
/** Id of the finding about an SBOM of which only its place is known. */
export const unsignedSbomFindingId = 'unsigned-sbom-differs';

/** Limit on named packages of each side; an SBOM of another image differs in all of them. */
const maxNamed = 50;

/** Differences between an SBOM and the image, by purl. */
export interface Differences {
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
  const known = {
    id: sbomFindingId,
    severity: 'low',
    title: `SBOM of ${author} ${differencesText({ unlisted, absent })}`,
    evidence: { repository, author, document, ...namedDifferences({ unlisted, absent }) },
  } as const;
  return [supplyChainFinding(known, placeOf(repository, author))];
}

/** Fingerprint of the finding about the SBOM of an image that a signer or pipeline vouches for. */
export function sbomFindingFingerprint(repository: string, author: string): string {
  return supplyChainFingerprint(sbomFindingId, placeOf(repository, author));
}

/** Unsigned SBOM, compared with the image. */
export interface ComparedSbom extends Pick<UnsignedSbom, 'source' | 'artifact'> {
  /** Tools that have written it, as it claims. */
  tools: readonly string[];
  differences: Differences;
}

const sourceTexts = {
  buildkit: 'attested by BuildKit',
  referrer: 'attached as a referrer',
  tag: 'under a tag of cosign',
} as const satisfies Record<SbomSource, string>;

/**
 * Finding about an unsigned SBOM that is not that of the image; none without differences. It proves
 * nothing: every account that may push to the repository can write one, so it decides no verdict.
 */
export function unsignedSbomFinding(
  repository: string,
  { source, artifact, tools, differences }: ComparedSbom,
): Finding[] {
  if (differences.unlisted.length + differences.absent.length === 0) return [];
  const known = {
    id: unsignedSbomFindingId,
    severity: 'negligible',
    confidence: 'possible',
    title: `Unsigned SBOM ${sourceTexts[source]} ${differencesText(differences)}`,
    evidence: { repository, source, document: artifact, claimedTools: [...tools], ...namedDifferences(differences) },
  } as const;
  return [supplyChainFinding(known, placeOf(repository, source))];
}

/** Fingerprint of the finding about the unsigned SBOM of an image from one source. */
export function unsignedSbomFingerprint(repository: string, source: SbomSource): string {
  return supplyChainFingerprint(unsignedSbomFindingId, placeOf(repository, source));
}

function placeOf(repository: string, origin: string): string {
  return `${repository}\n${origin}`;
}

function differencesText({ unlisted, absent }: Differences): string {
  return [
    ...(unlisted.length > 0 ? [`lacks ${counted(unlisted)} of the image`] : []),
    ...(absent.length > 0 ? [`names ${counted(absent)} that the image does not have`] : []),
  ].join(' and ');
}

function namedDifferences({ unlisted, absent }: Differences) {
  return {
    unlisted: unlisted.slice(0, maxNamed),
    unlistedCount: unlisted.length,
    absent: absent.slice(0, maxNamed),
    absentCount: absent.length,
  };
}

function counted({ length }: readonly string[]): string {
  return length === 1 ? '1 package' : `${length} packages`;
}

import type { Finding, ImagePackage, LinkedNames, OsRelease } from '@tidewaiter/domain';

import { type AdvisoryKey, advisoryKeyOf } from './advisory-key.js';
import { matchPackage } from './match-package.js';
import { type Hit, packageFindings, type RatingLookup } from './package-findings.js';
import { withoutRepeated } from './repeated-findings.js';
import type { CpeLookup } from './repository-map.js';
import type { AdvisoryCandidate } from './statements.js';

/**
 * Returns all entries under the names of a key, for its release or for none, of advisories that are
 * not withdrawn. More entries are harmless: those about other packages are skipped.
 */
export type CandidateLookup = (key: AdvisoryKey) => readonly AdvisoryCandidate[];

/**
 * Evaluates the packages of an image with advisories of any source.
 * @param programs names of the code in each program of the image
 * @param cpesOf CPEs of repositories, as far as a map of them is known
 */
export function evaluateInventory(
  packages: readonly ImagePackage[],
  os: OsRelease | null,
  candidatesFor: CandidateLookup,
  ratingsOf?: RatingLookup,
  programs?: readonly LinkedNames[],
  cpesOf?: CpeLookup,
): Finding[] {
  return withoutRepeated(
    packages.flatMap((each) => packageFindings(each, hitsOf(each, os, candidatesFor, cpesOf), ratingsOf, programs)),
  );
}

function hitsOf(
  each: ImagePackage,
  os: OsRelease | null,
  candidatesFor: CandidateLookup,
  cpesOf: CpeLookup | undefined,
): Hit[] {
  const key = advisoryKeyOf(each, os);
  if (!key) return [];
  const candidates = candidatesFor(key);
  const advisories = new Map(candidates.map(({ advisory }) => [advisory.id, advisory]));
  return matchPackage(each, key, candidates, cpesOf).map((match) => ({
    advisory: advisories.get(match.advisoryId)!,
    match,
  }));
}

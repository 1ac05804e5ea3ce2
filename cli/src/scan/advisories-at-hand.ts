import type { AdvisoryScope, CandidateLookup, EcosystemAge, Exploitation, RatingLookup } from '@tidewaiter/advisories';
import type { Warning } from '@tidewaiter/oci';

/** Advisories at hand, wherever they come from. */
export interface AdvisoriesAtHand {
  candidatesFor: CandidateLookup;
  ratingsOf: RatingLookup;
  /** Those of some scopes of which anything is known. */
  covered(scopes: readonly AdvisoryScope[]): AdvisoryScope[];
  exploitation(cves: readonly string[]): Exploitation;
  /** How old the data of some ecosystems is; none of those of which nothing is known. */
  ages(ecosystems: ReadonlySet<string>): EcosystemAge[];
  warnings: Warning[];
}

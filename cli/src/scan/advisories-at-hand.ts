import type { AdvisoryScope, CandidateLookup, EcosystemAge, Exploitation, RatingLookup } from '@tidewaiter/advisories';
import type { Warning } from '@tidewaiter/oci';

/** Advisories at hand, wherever they come from. */
export interface AdvisoriesAtHand {
  candidatesFor: CandidateLookup;
  ratingsOf: RatingLookup;
  /** Those of some scopes of which anything is known. */
  covered(scopes: readonly AdvisoryScope[]): AdvisoryScope[];
  exploitation(cves: readonly string[]): Exploitation;
  /** Age of the data of some ecosystems; ecosystems without known data are left out. */
  ages(ecosystems: ReadonlySet<string>): EcosystemAge[];
  warnings: Warning[];
}

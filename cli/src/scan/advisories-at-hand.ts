import type { AdvisoryScope, CandidateLookup, Exploitation, RatingLookup } from '@tidewaiter/advisories';
import type { Warning } from '@tidewaiter/oci';

/** Advisories at hand, wherever they come from. */
export interface AdvisoriesAtHand {
  candidatesFor: CandidateLookup;
  ratingsOf: RatingLookup;
  /** Those of some scopes of which anything is known. */
  covered(scopes: readonly AdvisoryScope[]): AdvisoryScope[];
  exploitation(cves: readonly string[]): Exploitation;
  /** What is known of some ecosystems is as of then, ISO 8601; null of nothing. */
  asOf(ecosystems: ReadonlySet<string>): string | null;
  warnings: Warning[];
}

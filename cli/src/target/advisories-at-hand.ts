import type {
  AdvisoryScope,
  CandidateLookup,
  CpeLookup,
  Exploitation,
  RatingLookup,
  SourceAge,
} from '@tidewaiter/advisories';
import type { PublishedReleases } from '@tidewaiter/checks';
import type { Warning } from '@tidewaiter/oci';

/** Lookups in loaded advisories, whatever their source. */
export interface AdvisoriesAtHand {
  candidatesFor: CandidateLookup;
  ratingsOf: RatingLookup;
  /** The given scopes for which there is any advisory data. */
  covered(scopes: readonly AdvisoryScope[]): AdvisoryScope[];
  exploitation(cves: readonly string[]): Exploitation;
  /** Ages of the sources of some ecosystems; ecosystems without known data are left out. */
  ages(ecosystems: ReadonlySet<string>): SourceAge[];
  /** Age of KEV and EPSS, as far as they are known. */
  exploitationAges: SourceAge[];
  /** CPEs of repositories of Red Hat, as far as its map is known. */
  cpesOf: CpeLookup;
  /** Published releases of these products of endoflife.date; null without any. */
  endOfLife(products: readonly string[]): PublishedReleases | null;
  warnings: Warning[];
}

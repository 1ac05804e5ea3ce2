export { endOfLifeFeed, epssFeed, isFactFeed, kevFeed, kevFeedOf, kevListOf, repositoryFeed } from './feed.js';
export type { AdvisoryFeed, AdvisoryHoldings, EcosystemHoldings } from './feed.js';
export { cvesOf, worstExploitation } from './exploitation.js';
export type { Exploitation } from './exploitation.js';
export { readEpss } from './epss.js';
export type { EpssDay, EpssScore } from './epss.js';
export { readEndOfLife } from './end-of-life.js';
export type { EndOfLifeData, ProductReleases, PublishedRelease, SupportEnd } from './end-of-life.js';
export { readRepositoryMap } from './repository-map.js';
export type { CpeLookup, RepositoryCpes, RepositoryMap } from './repository-map.js';
export { kevListOfHead, kevLists, readKev } from './kev.js';
export type { KevCatalog, KevEntry, KevList } from './kev.js';
export { advisoryKeyOf, advisoryKeysVersion, releasesOf } from './advisory-key.js';
export type { AdvisoryKey } from './advisory-key.js';
export { usualEntry } from './affected-package.js';
export type { AffectedPackage } from './affected-package.js';
export { blindSpots, blindSpotWithout, scopeName, scopesOf } from './blind-spots.js';
export {
  ageWarnings,
  endOfLifeAges,
  exploitationAges,
  isTooOld,
  oldestOf,
  sourceAges,
  sourceDates,
  staleAdvisories,
  staleEndOfLife,
  staleExploitation,
  staleWarningsChangeAt,
  usualAgeLimits,
} from './data-age.js';
export type { AgeLimits, SourceAge, SourceDate } from './data-age.js';
export type { AdvisoryScope, AdvisoryScopes, BlindSpot, ScopedPackage } from './blind-spots.js';
export { bunzip2, isBzip2 } from './formats/bzip2.js';
export { formatHeadBytes } from './formats/format.js';
export type { AdvisoryFormat, AdvisoryItem, FeedDocument } from './formats/format.js';
export { readUpdateinfoPlace } from './formats/amazon-updateinfo/repomd.js';
export { redHatVex } from './formats/redhat-vex/redhat-vex.js';
export { suseVex } from './formats/suse-vex/suse-vex.js';
export { advisoryFormats, formatOfHead, isOfFormat } from './formats/formats.js';
export { isEcosystem } from './ecosystems.js';
export { familyOf, hardenedId, hardenedRepository } from './hardened-images.js';
export type { AptPin } from './apt-pins.js';
export { mixedReleases, proSuites, suiteOfTag, suitesOfPackage, suitesOfReleases } from './enabled-releases.js';
export type { EnabledSuites, MixedReleases } from './enabled-releases.js';
export { evaluateInventory } from './evaluate-inventory.js';
export type { CandidateLookup } from './evaluate-inventory.js';
export { derivedEcosystems, programEcosystem } from './programs/programs.js';
export { programIdentities } from './programs/program-identities.js';
export { matchingVersion, matchPackage } from './match-package.js';
export type { MatchEvidence, PackageMatch } from './package-match.js';
export { reachabilityOf } from './reachability.js';
export type { VulnerableImport } from './reachability.js';
export { readOsvRecord } from './osv-record.js';
export type { AdvisoryRecord, OsvAdvisory, PackedAdvisory } from './osv-record.js';
export { readOsvZip } from './osv-zip.js';
export type { OsvZipItem, RandomAccess } from './osv-zip.js';
export { withoutRepeated } from './repeated-findings.js';
export { packageFindings, vulnerabilityFingerprint } from './package-findings.js';
export type { Hit, Rating, RatingLookup, VulnerablePackage } from './package-findings.js';
export type { VersionEvent, VersionRange } from './ranges.js';
export type { CvssScore } from './severity.js';
export type { AdvisoryCandidate } from './statements.js';
export { vulnerabilitiesOf } from './vulnerability-id.js';

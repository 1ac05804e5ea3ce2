export { PushIdentities } from './push-identities.js';
export { SuspectPushes } from './suspect-pushes.js';
export { TagHistories } from './tag-histories.js';
export { StoreModule } from './store.module.js';
export type { StoreOptions } from './store.module.js';
export { allEnded, Store } from './store.js';
export type { JobClass, NewJob, QueuedJob, Transaction } from './store.js';
export { OutboxRelay } from './relay.js';
export type { EventPublisher } from './relay.js';
export { connect } from './data-source.js';
export { GroupCommit } from './group-commit.js';
export { readCursor } from './page.js';
export type { Page, PageRequest } from './page.js';
export { Advisories } from './advisories.js';
export type { AdvisoryStatus } from './advisories.js';
export { AdvisoryAges } from './advisory-ages.js';
export { AdvisoryFeeds } from './advisory-feeds.js';
export type { StoredAdvisories } from './advisory-feeds.js';
export { ApiTokens, permits, tokenScopes } from './api-tokens.js';
export type { ApiToken, ListedToken, TokenScope } from './api-tokens.js';
export type { BlastContainer, BlastPackage, BlastPlace, BlastWorkload } from './blast-details.js';
export type { BlastQuestion, NotEvaluated } from './blast-question.js';
export { BlastRadii, blastRadiiOf } from './blast-radius.js';
export type { BlastCounts, BlastImage, BlastRadius } from './blast-radius.js';
export { DeadLetters } from './dead-letters.js';
export type { DeadLetter, GivenUp } from './dead-letters.js';
export { Deliveries } from './deliveries.js';
export type {
  AboutDelivery,
  Delivery,
  DeliveryStep,
  DeliveryStory,
  DeliveryThread,
  DerivedDelivery,
  Begun,
  HeldDeliveries,
  HeldDelivery,
  ListedDelivery,
  NewDelivery,
  PushMessage,
  ToldChannel,
  ToldMessage,
} from './delivery.js';
export { deliveryStates } from './delivery-filter.js';
export type { DeliveryFilter } from './delivery-filter.js';
export { ChannelHealths } from './channel-healths.js';
export type { ChannelHealth } from './channel-healths.js';
export { DetectionAlerts } from './detection-alerts.js';
export { DetectionMatches } from './detection-matches.js';
export { DetectionRules } from './detection-rules.js';
export type { ListedRule } from './detection-rules.js';
export type { AlertFilter, AlertMembership, ListedAlert } from './detection-alerts.js';
export { DetectorLeases } from './detector-leases.js';
export type { DetectorLease, DetectorSnapshot, LeaseShares } from './detector-leases.js';
export { FleetSearch, searchHitTypes } from './fleet-search.js';
export type { SearchHit } from './fleet-search.js';
export { FleetMatches } from './fleet-matches.js';
export type {
  ChangedAdvisory,
  FleetChange,
  FleetMatch,
  Rematch,
  UnmatchedPackage,
  VulnerablePackage,
} from './fleet-matches.js';
export { ExploitationNews, exploitationQueue } from './exploitation-news.js';
export type { EpssThresholds, NewlyExploited } from './exploitation-news.js';
export { Findings } from './findings.js';
export type { ImageFinding, PackagePlace, Use } from './findings.js';
export { ImageFactsOf } from './image-facts.js';
export type { LoadedFacts } from './image-facts.js';
export { ImageManifests } from './image-manifests.js';
export { StoredImageDirectory } from './image-directory.js';
export { Images } from './images.js';
export { LayerFailures } from './layer-failures.js';
export type { LayerFailure } from './layer-failures.js';
export { LayerPaths } from './layer-paths.js';
export type { LayerReader } from './read-layers.js';
export type { AnalyzedLayer, Image, ImageCursor, JudgedPackage, LayerResult, ListedImage, NewImage } from './images.js';
export { IncidentContexts } from './incident-contexts.js';
export type { IncidentContext, IncidentImage } from './incident-contexts.js';
export { IncidentOrigins } from './incident-origins.js';
export type { IncidentProvenance } from './incident-origins.js';
export { IncidentReaches } from './incident-reaches.js';
export type { IncidentReach, ReachedImage, ReachedWorkload } from './incident-reaches.js';
export { Incidents } from './incidents.js';
export type { AppliedChanges, IncidentFilter, IncidentRevision, ListedIncident, StoredIncident } from './incidents.js';
export { revisionKinds } from './incident-news.js';
export type { RevisionKind } from './incident-news.js';
export { Judgements } from './judgements.js';
export type { JudgedPush } from './judgements.js';
export { Jobs, leaseLost } from './jobs.js';
export type { ClaimedJob, JobFailure } from './jobs.js';
export { LearnedHabits } from './learned-habits.js';
export { PackageUses } from './package-use.js';
export type { UsedArchive, UsedPackage } from './package-use.js';
export { StoredFacts } from './stored-facts.js';
export type { StoredFactsOptions } from './stored-facts.js';
export { WorkloadFindings } from './workload-findings.js';
export type { JudgedObject, WorkloadFinding, WorkloadFindingFilter } from './workload-findings.js';
export { WorkloadLedger } from './workload-ledger.js';
export type { RunningWorkload } from './workload-ledger.js';
export { Ownership } from './ownership.js';
export type { NamespacePlace } from './ownership.js';
export { FleetFiles } from './fleet-files.js';
export type { ContentFinding } from './fleet-files.js';
export { PackageContents } from './package-contents.js';
export type { FleetFile, OddFile } from './package-contents.js';
export { PipelineReports } from './pipeline-reports.js';
export type { NewPipelineReport, PipelineReport, ReportedRun, SentAttestation } from './pipeline-reports.js';
export { Provenances, revisionOf } from './provenances.js';
export { PushBaselines } from './push-baselines.js';
export type { EarlierTag } from './push-baselines.js';
export { Revisions } from './revisions.js';
export type { RevisionImage } from './revisions.js';
export type { EarlierPush, StoredProvenance } from './provenances.js';
export { finalPushStates, Pushes, pushStates } from './pushes.js';
export type {
  JudgementVersions,
  NewPush,
  PushOrigin,
  Push,
  PushState,
  RepositoryPlace,
  Verdict,
  Warning,
} from './pushes.js';
export { PushDifferences } from './push-differences.js';
export { ServiceConfigurations } from './service-configurations.js';
export { SensorContacts } from './sensor-contacts.js';
export type { Contact, SensorHealth, Silence } from './sensor-contacts.js';
export { Received } from './received.js';
export type { ReceivedKey } from './received.js';
export { Redrives } from './redrives.js';
export type { Redrive, RedriveOutcome } from './redrives.js';
export { RegistryTags } from './registry-tags.js';
export { TagLedger } from './tag-ledger.js';
export type { PlacedPush, TagAnswer } from './tag-ledger.js';
export type { KnownTag } from './registry-tags.js';
export { AlertGroups } from './alert-groups.js';
export { alertId, FiringAlerts } from './firing-alerts.js';
export type { FiringAlert } from './firing-alerts.js';
export { AlertHistory, historyDays } from './alert-history.js';
export { RoutingReplays } from './routing-replays.js';
export type { ReplayedTime, RoutingReplay, SentMessages } from './routing-replays.js';
export { ToldAlerts } from './told-alerts.js';
export type { Retelling, ToldAlert, ToldDelivery } from './told-alerts.js';
export { SilenceLedger } from './silences.js';
export type { NewSilence, StoredSilence } from './silences.js';

export { PushIdentities } from './images/pushes/push-identities.js';
export { SuspectPushes } from './images/pushes/suspect-pushes.js';
export { TagHistories } from './images/pushes/tag-histories.js';
export { AccessModule } from './access/access.module.js';
export { AdvisoriesModule } from './advisories/advisories.module.js';
export { EntriesModule } from './entries/entries.module.js';
export { entriesAtStart, entriesIfThere } from './entries/entries-at-start.js';
export { entryLists } from './entries/entry-list.js';
export type { EntryRow } from './entries/entry-list.js';
export { FileEntries } from './entries/file-entries.js';
export { ManagedEntries } from './entries/managed-entries.js';
export type { EntryChange, EntryVersion } from './entries/managed-entries.js';
export { DeliveriesModule } from './deliveries/deliveries.module.js';
export { ImagesModule } from './images/images.module.js';
export { PushesModule } from './images/pushes/pushes.module.js';
export { SearchModule } from './images/search/search.module.js';
export { IncidentsModule } from './incidents/incidents.module.js';
export { WorkloadsModule } from './workloads/workloads.module.js';
export { StoreModule } from './store.module.js';
export type { StoreOptions } from './store.module.js';
export { allEnded, jobsOf, Store } from './core/store.js';
export type { JobClass } from './core/job-rows.js';
export type { NewJob, JobTurn, DueJob, RowLimits, Transaction, TypedEvent } from './core/store.js';
export { OutboxRelay } from './core/relay.js';
export type { EventPublisher } from './core/relay.js';
export { connect, lastRestore, migrationPlan, openUnlimited, prepareDatabase } from './core/data-source.js';
export { roleOf } from './core/service-grants.js';
export type { PasswordOf } from './core/service-grants.js';
export { roleServices } from './core/table-access.js';
export type { ConnectionOptions } from './core/data-source.js';
export type { PlannedMigration } from './core/schema-migration.js';
export { ReplacedSchema } from './core/replaced-schema.js';
export { DatabaseLife } from './core/database-life.js';
export type { DatabaseBeat, DatabaseState } from './core/database-life.js';
export type { RestoreReport } from './core/database-life-row.js';
export { GroupCommit } from './core/group-commit.js';
export { readCursor } from './core/page.js';
export type { Page, PageRequest } from './core/page.js';
export { Advisories } from './advisories/advisories.js';
export type { AdvisoryStatus } from './advisories/advisories.js';
export { AdvisoryAges } from './advisories/advisory-ages.js';
export { AdvisoryFeeds } from './advisories/advisory-feeds.js';
export type { StoredAdvisories } from './advisories/advisory-feeds.js';
export { loadAdvisories } from './advisories/load-advisories.js';
export type { AdvisorySnapshot, LoadResult } from './advisories/load-advisories.js';
export { ApiTokens } from './access/api-tokens.js';
export { ScopedRows } from './access/scoped-rows.js';
export { VisibleSubjects } from './access/visible-subjects.js';
export type { ApiCaller } from './access/caller.js';
export { ServiceAccounts } from './access/service-accounts.js';
export { viewVisibilities } from './access/saved-view-row.js';
export { type ListedView, type SavedView, SavedViews } from './access/saved-views.js';
export { type DueView, ViewWatches } from './access/view-watches.js';
export type { ServiceAccount } from './access/service-accounts.js';
export { DeviceLogins } from './access/device-logins.js';
export { Sessions, sessionSecretOf, sessionToken } from './access/sessions.js';
export type { NewSession } from './access/sessions.js';
export { SetupLinks } from './access/setup-links.js';
export { type Responder, Users } from './access/users.js';
export type { Identity } from './access/users.js';
export type { ApiToken, ListedToken } from './access/api-tokens.js';
export type { BlastContainer, BlastPackage, BlastPlace, BlastWorkload } from './images/search/blast-details.js';
export type { BlastQuestion, NotEvaluated } from './images/search/blast-question.js';
export { BlastRadii, blastRadiiOf } from './images/search/blast-radius.js';
export type { BlastCounts, BlastImage, BlastRadius } from './images/search/blast-radius.js';
export { DeadLetters } from './core/dead-letters.js';
export type { DeadLetterRedrive, NewDeadLetter } from './core/dead-letters.js';
export type { DeadLetter } from './core/dead-letter-list.js';
export { Deliveries } from './deliveries/deliveries.js';
export type {
  AboutDelivery,
  Delivery,
  DeliveryStep,
  DeliveryStory,
  DeliveryThread,
  DerivedDelivery,
  DeliveryStart,
  HeldDeliveries,
  HeldDelivery,
  ListedDelivery,
  NewDelivery,
  PushMessage,
  SubjectChannel,
  SentMessage,
} from './deliveries/delivery.js';
export { deliveryOrigins, deliveryStates } from './deliveries/delivery-rows.js';
export { deliveryFilterStates } from './deliveries/delivery-filter.js';
export type { DeliveryFilter } from './deliveries/delivery-filter.js';
export { ChannelHealths } from './deliveries/channel-healths.js';
export type { ChannelHealth } from './deliveries/channel-healths.js';
export { ContainmentModule } from './containment/containment.module.js';
export { containmentList, type ListedOrder } from './containment/containment-list.js';
export { ContainmentOrders } from './containment/containment-orders.js';
export type { ContainmentChange, NewContainmentOrder } from './containment/containment-orders.js';
export type { ContainmentOrderRow } from './containment/containment-rows.js';
export { ContainmentSubjects } from './containment/containment-subjects.js';
export type { PlacedSubject } from './containment/containment-subjects.js';
export { DetectionAlerts } from './incidents/detection-alerts.js';
export { DetectionMatches } from './incidents/detection-matches.js';
export { DetectionRules } from './incidents/detection-rules.js';
export type { ListedRule } from './incidents/detection-rows.js';
export type { AlertMembership } from './incidents/detection-alerts.js';
export { DetectorLeases } from './incidents/detector-leases.js';
export type { DetectorLease, DetectorSnapshot, LeaseShares } from './incidents/detector-leases.js';
export { FleetSearch, searchHitTypes } from './images/search/fleet-search.js';
export type { SearchHit } from './images/search/fleet-search.js';
export { FleetMatches } from './advisories/fleet-matches.js';
export type {
  ChangedAdvisory,
  FleetChange,
  FleetMatch,
  RematchScope,
  UnmatchedPackage,
  PackageVulnerability,
} from './advisories/fleet-matches.js';
export { ExploitationChanges } from './advisories/exploitation-changes.js';
export type { EpssThresholds, NewlyExploited } from './advisories/exploitation-changes.js';
export { FleetExposure } from './images/exposure/fleet-exposure.js';
export type { FleetUpgradeRow, FleetVulnerabilityRow } from './images/exposure/exposure-rows.js';
export { upgradeList } from './images/exposure/upgrade-list.js';
export { VulnerabilityDetails } from './images/exposure/vulnerability-details.js';
export { vulnerabilityList } from './images/exposure/vulnerability-list.js';
export { Findings } from './images/findings.js';
export type { ImageFinding, PackagePlace, Use } from './images/findings.js';
export { ImageFactsOf } from './images/image-facts.js';
export type { LoadedFacts } from './images/image-facts.js';
export { FileContents } from './images/file-contents.js';
export type { LayerContents } from './images/file-contents.js';
export { ImageManifests } from './images/image-manifests.js';
export { StoredImageDirectory } from './images/image-directory.js';
export { ImageRetention } from './images/image-retention.js';
export { Images } from './images/images.js';
export { LayerFailures } from './images/layer-failures.js';
export type { LayerFailure } from './images/layer-failures.js';
export { LayerPaths } from './images/layer-paths.js';
export type { LayerReader } from './images/read-layers.js';
export type { StoredInventory, StoredLayer, Image, EvaluatedPackage, LayerResult, NewImage } from './images/images.js';
export { IncidentContexts } from './incidents/incident-contexts.js';
export type { IncidentContext, IncidentImage } from './incidents/incident-contexts.js';
export { IncidentOrigins } from './incidents/incident-origins.js';
export type { IncidentProvenance } from './incidents/incident-origins.js';
export { IncidentReaches } from './incidents/incident-reaches.js';
export type { IncidentReach, ReachedImage, ReachedWorkload } from './incidents/incident-reaches.js';
export { IncidentTriage } from './incidents/incident-triage.js';
export { Incidents } from './incidents/incidents.js';
export type { AppliedChanges, IncidentRevision, ListedIncident, StoredIncident } from './incidents/incidents.js';
export { ImageComparison } from './images/pushes/image-comparison.js';
export type { ComparedImages, ImagesDifference } from './images/pushes/image-comparison.js';
export { ImageStates, SharedLayers } from './images/pushes/image-states.js';
export { Verdicts } from './images/pushes/verdicts.js';
export { type FleetVexStatement, VexStatements } from './images/pushes/vex-statements.js';
export type { EarlierImages, EvaluationQuestion } from './images/pushes/verdicts.js';
export type { EvaluatedPush } from './images/pushes/verdicts.js';
export { Jobs, leaseLost } from './core/jobs.js';
export type { JobFailure } from './core/jobs.js';
export type { ClaimedJob } from './core/fair-claims.js';
export { LearnedHabits } from './incidents/learned-habits.js';
export { PackageUses } from './images/package-use.js';
export type { UsedArchive, UsedPackage } from './images/package-use.js';
export { StoredFacts } from './images/stored-facts.js';
export type { StoredFactsOptions } from './images/stored-facts.js';
export { WorkloadFindings } from './workloads/workload-findings.js';
export type { EvaluatedObject, WorkloadFinding, WorkloadFindingFilter } from './workloads/workload-findings.js';
export { WorkloadLedger } from './workloads/workload-ledger.js';
export { WorkloadNamespaces } from './workloads/workload-namespaces.js';
export type { WorkloadNamespace } from './workloads/workload-namespaces.js';
export { packageUseKinds } from './workloads/workload-rows.js';
export type { RunningWorkload } from './workloads/workload-ledger.js';
export { OwnerLabels } from './images/owner-labels.js';
export { Owners } from './images/owners.js';
export type { RunningImage } from './images/owners.js';
export { FixHistories } from './reports/fix-histories.js';
export { ReportRuns } from './reports/report-runs.js';
export type { DueReport, MadeReport, ReportRun, StoredReportRun } from './reports/report-runs.js';
export { ReportsModule } from './reports/reports.module.js';
export { StoredReports } from './reports/stored-reports.js';
export { UnfixedFindings } from './reports/unfixed-findings.js';
export type { Unfixed, UnfixedQuestion } from './reports/unfixed-findings.js';
export type { NamespacePlace } from './images/owner-labels.js';
export { FleetFiles } from './images/fleet-files.js';
export type { ContentFinding } from './images/fleet-files.js';
export { PackageContents } from './images/package-contents.js';
export type { PackageFile, OddFile } from './images/package-contents.js';
export { PipelineReports } from './images/pushes/pipeline-reports.js';
export type {
  NewPipelineReport,
  PipelineReport,
  ReportedRun,
  SentAttestation,
} from './images/pushes/pipeline-reports.js';
export { Provenances, revisionOf } from './images/pushes/provenances.js';
export { PushBaselines } from './images/pushes/push-baselines.js';
export type { EarlierTag } from './images/pushes/push-baselines.js';
export { Revisions } from './images/pushes/revisions.js';
export type { RevisionImage } from './images/pushes/revisions.js';
export type { EarlierPush, KnownProvenances, StoredProvenance } from './images/pushes/provenances.js';
export type { ColumnName, RowOf } from './core/columns.js';
export { deadLetterStages } from './core/event-rows.js';
export type { ImageRow } from './images/image-rows.js';
export type { IncidentRow } from './incidents/incident-rows.js';
export type { PushRow } from './images/pushes/push-rows.js';
export { ruleKinds, ruleStates } from './incidents/detection-rows.js';
export { claimKey, layerKey, readLayerKey } from './images/layer-key.js';
export type { PlacedLayer } from './images/layer-key.js';
export { queueNames } from './core/queues.js';
export type { QueueName } from './core/queues.js';
export { pushJob, Pushes, resumedPushJob } from './images/pushes/pushes.js';
export { finalPushStates, pushOrigins, pushStates } from './images/pushes/push-rows.js';
export type { PushOrigin, PushState } from './images/pushes/push-rows.js';
export type { PushWarning } from './images/image-rows.js';
export type { Announcement, EvaluationVersions, NewPush, Push, RepositoryPlace } from './images/pushes/pushes.js';
export { PushDifferences } from './images/pushes/push-differences.js';
export { ServiceConfigurations } from './core/service-configurations.js';
export { SensorContacts } from './workloads/sensor-contacts.js';
export type { Contact, SensorHealth, StaleSensor } from './workloads/sensor-contacts.js';
export { RestoredEvents } from './core/restored-events.js';
export { Received } from './core/received.js';
export type { ReceivedContent, ReceivedKey } from './core/received.js';
export { Redrives } from './deliveries/redrives.js';
export type { Redrive, RedriveOutcome } from './deliveries/redrives.js';
export { RegistryTags } from './images/pushes/registry-tags.js';
export { TagLedger } from './images/pushes/tag-ledger.js';
export type { PlacedPush, TagAnswer } from './images/pushes/tag-ledger.js';
export type { RegistryTagView } from './images/pushes/registry-tags.js';
export { AlertGroups } from './deliveries/alert-groups.js';
export { alertId, FiringAlerts } from './deliveries/firing-alerts.js';
export type { FiringAlert } from './deliveries/firing-alerts.js';
export { AlertHistory } from './deliveries/alert-history.js';
export { historyDays, silenceChanges } from './deliveries/alert-rows.js';
export { RoutingReplays } from './deliveries/routing-replays.js';
export type { ReplayedTime, RoutingReplay, SentMessages } from './deliveries/routing-replays.js';
export { NotificationLog } from './deliveries/notification-log.js';
export type { ReminderGroup, NotifiedAlert, AlertDelivery } from './deliveries/notification-log.js';
export { SilenceLedger } from './deliveries/silences.js';
export type { NewSilence, SilenceContent, SilenceVersion, StoredSilence } from './deliveries/silences.js';
export { type ExposureDay, ExposureTrends } from './images/exposure/exposure-trends.js';
export { type FixTime, FixTimes } from './images/exposure/fix-times.js';
export { PushTrends, type TrendDay } from './images/pushes/push-trends.js';
export { Lists, type NamedRow } from './core/lists.js';
export { rowLists } from './row-lists.js';
export { TableActivity } from './core/table-activity.js';
export type { ListOrder, ListRequest, ListTotal, RowList, RowReader } from './core/lists.js';
export { alertList } from './incidents/alert-list.js';
export type { ListedDeadLetter } from './core/dead-letter-list.js';
export { deadLetterList } from './core/dead-letter-list.js';
export { deliveryList } from './deliveries/delivery-list.js';
export { incidentList } from './incidents/incident-list.js';
export { ruleList } from './incidents/rule-list.js';
export { silenceList } from './deliveries/silence-list.js';
export { pushList } from './images/pushes/push-list.js';
export { imageList } from './images/lists/image-list.js';
export type { ListedImage } from './images/lists/image-list.js';
export { BaseImages } from './images/lists/base-images.js';
export type { BaseImage, NewerBase } from './images/lists/base-images.js';
export { ImageRelations } from './images/lists/image-relations.js';
export { repositoryList } from './images/lists/repository-list.js';
export type { ListedRepository } from './images/lists/repository-list.js';
export { workloadList } from './workloads/workload-list.js';
export type { ListedWorkload } from './workloads/workload-list.js';
export { ClustersModule } from './clusters/clusters.module.js';
export { Clusters } from './clusters/clusters.js';
export type { JoinToken, ListedCluster } from './clusters/clusters.js';
export { ClusterReports } from './clusters/cluster-reports.js';
export { ClusterCredentials } from './clusters/cluster-credentials.js';
export type { AgentCluster, IssuedCredential } from './clusters/cluster-credentials.js';
export { AuditEntries } from './access/audit-entries.js';
export { AuditModule } from './access/audit.module.js';
export { AuditLog } from './access/audit-log.js';
export type { Act, AuditVerification } from './access/audit-log.js';
export { auditList } from './access/audit-list.js';
export { auditActions } from './access/audit-row.js';
export type { AuditAction, AuditEntryRow } from './access/audit-row.js';
export { removalKinds, type RemovalCounts, removalStates } from './storage/removal-rows.js';
export { ClusterRemoval } from './storage/cluster-removal.js';
export type { Removal } from './storage/removal-batches.js';
export { Removals, removalsIn, type RemovalTarget } from './storage/removals.js';
export { RepositoryRemoval } from './storage/repository-removal.js';
export { StorageModule } from './storage/storage.module.js';
export { Storage, storageKinds, type StoredTable } from './storage/storage.js';

import { Events1764000000000 } from './1764000000000-events.js';
import { Jobs1764000001000 } from './1764000001000-jobs.js';
import { Images1764000002000 } from './1764000002000-images.js';
import { Advisories1764000003000 } from './1764000003000-advisories.js';
import { Incidents1764000004000 } from './1764000004000-incidents.js';
import { Deliveries1764000005000 } from './1764000005000-deliveries.js';
import { ApiTokens1764000006000 } from './1764000006000-api-tokens.js';
import { PushIndexes1764000007000 } from './1764000007000-push-indexes.js';
import { PackageIdentity1764000008000 } from './1764000008000-package-identity.js';
import { DeliveryKeyDigest1764000010000 } from './1764000010000-delivery-key-digest.js';
import { DeliveryRevision1764000011000 } from './1764000011000-delivery-revision.js';
import { LayerFacts1764000012000 } from './1764000012000-layer-facts.js';
import { ImageFindings1764000013000 } from './1764000013000-image-findings.js';
import { AdvisoryNames1764000020000 } from './1764000020000-advisory-names.js';
import { AdvisoryFeeds1764000021000 } from './1764000021000-advisory-feeds.js';
import { AdvisoryPublished1764000022000 } from './1764000022000-advisory-published.js';
import { Provenance1764000023000 } from './1764000023000-provenance.js';
import { PackageContents1764000023001 } from './1764000023001-package-contents.js';
import { FleetMatches1764000024000 } from './1764000024000-fleet-matches.js';
import { MatchVulnerabilities1764000025000 } from './1764000025000-match-vulnerabilities.js';
import { ImageBuild1764000026000 } from './1764000026000-image-build.js';
import { PushRules1764000027000 } from './1764000027000-push-rules.js';
import { PushChanges1764000028000 } from './1764000028000-push-changes.js';
import { PushWarnings1764000029000 } from './1764000029000-push-warnings.js';
import { ContainerLedger1764000040000 } from './1764000040000-container-ledger.js';
import { ImageManifest1764000041000 } from './1764000041000-image-manifest.js';
import { PackageUse1764000042000 } from './1764000042000-package-use.js';
import { LearnedHabit1764000043000 } from './1764000043000-learned-habit.js';
import { DetectorLeases1764000045000 } from './1764000045000-detector-leases.js';
import { DetectionAlerts1764000046000 } from './1764000046000-detection-alerts.js';
import { DetectionMatches1764000047000 } from './1764000047000-detection-matches.js';
import { DetectionRules1764000047001 } from './1764000047001-detection-rules.js';
import { IncidentStory1764000048000 } from './1764000048000-incident-story.js';
import { SensorContacts1764000050000 } from './1764000050000-sensor-contacts.js';
import { RegistryTags1764000054000 } from './1764000054000-registry-tags.js';
import { AlertGroups1764000055000 } from './1764000055000-alert-groups.js';
import { PipelineReports1764000056000 } from './1764000056000-pipeline-reports.js';
import { ToldAlerts1764000060000 } from './1764000060000-told-alerts.js';
import { AlertHistory1764000061000 } from './1764000061000-alert-history.js';
import { JobsPutBack1764000064000 } from './1764000064000-jobs-put-back.js';
import { DeliverySteps1764000064001 } from './1764000064001-delivery-steps.js';
import { ApiTokenScope1764000065000 } from './1764000065000-api-token-scope.js';
import { DeliverySubjects1764000066000 } from './1764000066000-delivery-subjects.js';
import { FileContents1764000070000 } from './1764000070000-file-contents.js';
import { LedgerPods1764000071000 } from './1764000071000-ledger-pods.js';
import { WorkloadSeen1764000072000 } from './1764000072000-workload-seen.js';
import { ContainerOverrides1764000073000 } from './1764000073000-container-overrides.js';
import { QuietGroups1764000080000 } from './1764000080000-quiet-groups.js';
import { LayerFailure1764000100000 } from './1764000100000-layer-failure.js';
import { ImageJudgement1764000110000 } from './1764000110000-image-judgement.js';
import { TagPositions1764000130000 } from './1764000130000-tag-positions.js';
import { SignatureGrace1764000131000 } from './1764000131000-signature-grace.js';
import { NotAnImage1764000132000 } from './1764000132000-not-an-image.js';
import { PushBaseline1764000140000 } from './1764000140000-push-baseline.js';
import { FleetFiles1764000141000 } from './1764000141000-fleet-files.js';
import { TagFindings1764000150000 } from './1764000150000-tag-findings.js';
import { PushIdentity1764000151000 } from './1764000151000-push-identity.js';
import { FleetSearch1764000160000 } from './1764000160000-fleet-search.js';
import { IncidentTitleRank1764000170000 } from './1764000170000-incident-title-rank.js';
import { ServiceConfiguration1764000180000 } from './1764000180000-service-configuration.js';
import { ExploitationNews1764000191000 } from './1764000191000-exploitation-news.js';
import { DeliveryPush1764000200000 } from './1764000200000-delivery-push.js';
import { WorkloadFindings1764000210000 } from './1764000210000-workload-findings.js';
import { WorkloadObjectLookups1764000211000 } from './1764000211000-workload-object-lookups.js';
import { PlainWords1764000220000 } from './1764000220000-plain-words.js';
import { SummaryMessages1764000221000 } from './1764000221000-summary-messages.js';
import { SecretPlaces1764000230000 } from './1764000230000-secret-places.js';
import { ReceivedContent1764000300000 } from './1764000300000-received-content.js';
import { JobAgain1764000310000 } from './1764000310000-job-again.js';
import { JobSources1764000310001 } from './1764000310001-job-sources.js';
import { PushRefusals1764000310002 } from './1764000310002-push-refusals.js';
import { DeliveryNumber1764000320000 } from './1764000320000-delivery-number.js';
import { DatabaseLife1764000320001 } from './1764000320001-database-life.js';
import { Retention1764000340000 } from './1764000340000-retention.js';
import { LeaseCommits1764000340001 } from './1764000340001-lease-commits.js';
import { ServiceAccounts1764000400000 } from './1764000400000-service-accounts.js';
import { ConsoleUsers1764000400001 } from './1764000400001-console-users.js';
import { FleetVulnerabilities1764000410000 } from './1764000410000-fleet-vulnerabilities.js';
import { AuditLog1764000420000 } from './1764000420000-audit-log.js';
import { AccessScopes1764000500000 } from './1764000500000-access-scopes.js';
import { IncidentTriage1764000510000 } from './1764000510000-incident-triage.js';
import { ManagedEntries1764000520000 } from './1764000520000-managed-entries.js';
import { OverriddenEntries1764000520001 } from './1764000520001-overridden-entries.js';
import { DeviceLogins1764000530000 } from './1764000530000-device-logins.js';
import { SavedViews1764000620000 } from './1764000620000-saved-views.js';
import { NewestPushes1764000630000 } from './1764000630000-newest-pushes.js';
import { PushSigners1764000640000 } from './1764000640000-push-signers.js';
import { Clusters1764000660000 } from './1764000660000-clusters.js';
import { Containment1764000670000 } from './1764000670000-containment.js';
import { LayerContents1764000680000 } from './1764000680000-layer-contents.js';
import { PackagesFirst1764000681000 } from './1764000681000-packages-first.js';
import { Removals1764000682000 } from './1764000682000-removals.js';
import { ReportRuns1764000690000 } from './1764000690000-report-runs.js';
import { RedHatSources1764000710000 } from './1764000710000-red-hat-sources.js';
import { ProgramsOfBitnami1764000720000 } from './1764000720000-programs-of-bitnami.js';
import { LinkedPrograms1764000730000 } from './1764000730000-linked-programs.js';
import { AdvisoryLoad1764000750000 } from './1764000750000-advisory-load.js';
import { EndOfLife1764000790000 } from './1764000790000-end-of-life.js';
import { RepositoryCpes1764000790001 } from './1764000790001-repository-cpes.js';
import { ViewWatches1764000800000 } from './1764000800000-view-watches.js';
import { KevLists1764000810000 } from './1764000810000-kev-lists.js';
import { SilenceVersions1764000820000 } from './1764000820000-silence-versions.js';
import { LeaseAttempts1764000830000 } from './1764000830000-lease-attempts.js';
import { OtherReleases1764000840010 } from './1764000840010-other-releases.js';
import { RepeatedJoins1764000840020 } from './1764000840020-repeated-joins.js';
import { ReportAges1764000840030 } from './1764000840030-report-ages.js';
import { SearchedNames1764000840040 } from './1764000840040-searched-names.js';
import { TagAges1764000840041 } from './1764000840041-tag-ages.js';
import { RoutingFiles1764000840044 } from './1764000840044-routing-files.js';
import { VexNames1764000840045 } from './1764000840045-vex-names.js';
import { RevisedAlerts1764000840074 } from './1764000840074-revised-alerts.js';

/** In order. Never edit one that is merged; add another. */
export const migrations = [
  Events1764000000000,
  Jobs1764000001000,
  Images1764000002000,
  Advisories1764000003000,
  Incidents1764000004000,
  Deliveries1764000005000,
  ApiTokens1764000006000,
  PushIndexes1764000007000,
  PackageIdentity1764000008000,
  DeliveryKeyDigest1764000010000,
  DeliveryRevision1764000011000,
  LayerFacts1764000012000,
  ImageFindings1764000013000,
  AdvisoryNames1764000020000,
  AdvisoryFeeds1764000021000,
  AdvisoryPublished1764000022000,
  Provenance1764000023000,
  PackageContents1764000023001,
  FleetMatches1764000024000,
  MatchVulnerabilities1764000025000,
  ImageBuild1764000026000,
  PushRules1764000027000,
  PushChanges1764000028000,
  PushWarnings1764000029000,
  ContainerLedger1764000040000,
  ImageManifest1764000041000,
  PackageUse1764000042000,
  LearnedHabit1764000043000,
  DetectorLeases1764000045000,
  DetectionAlerts1764000046000,
  DetectionMatches1764000047000,
  DetectionRules1764000047001,
  IncidentStory1764000048000,
  SensorContacts1764000050000,
  RegistryTags1764000054000,
  AlertGroups1764000055000,
  PipelineReports1764000056000,
  ToldAlerts1764000060000,
  AlertHistory1764000061000,
  JobsPutBack1764000064000,
  DeliverySteps1764000064001,
  ApiTokenScope1764000065000,
  DeliverySubjects1764000066000,
  FileContents1764000070000,
  LedgerPods1764000071000,
  WorkloadSeen1764000072000,
  ContainerOverrides1764000073000,
  QuietGroups1764000080000,
  ImageJudgement1764000110000,
  PushBaseline1764000140000,
  FleetFiles1764000141000,
  TagFindings1764000150000,
  LayerFailure1764000100000,
  TagPositions1764000130000,
  SignatureGrace1764000131000,
  NotAnImage1764000132000,
  PushIdentity1764000151000,
  IncidentTitleRank1764000170000,
  ServiceConfiguration1764000180000,
  ExploitationNews1764000191000,
  FleetSearch1764000160000,
  DeliveryPush1764000200000,
  WorkloadFindings1764000210000,
  WorkloadObjectLookups1764000211000,
  PlainWords1764000220000,
  SummaryMessages1764000221000,
  SecretPlaces1764000230000,
  ReceivedContent1764000300000,
  JobAgain1764000310000,
  JobSources1764000310001,
  PushRefusals1764000310002,
  DeliveryNumber1764000320000,
  DatabaseLife1764000320001,
  Retention1764000340000,
  LeaseCommits1764000340001,
  ServiceAccounts1764000400000,
  ConsoleUsers1764000400001,
  FleetVulnerabilities1764000410000,
  AuditLog1764000420000,
  AccessScopes1764000500000,
  IncidentTriage1764000510000,
  ManagedEntries1764000520000,
  OverriddenEntries1764000520001,
  DeviceLogins1764000530000,
  SavedViews1764000620000,
  NewestPushes1764000630000,
  PushSigners1764000640000,
  Clusters1764000660000,
  LayerContents1764000680000,
  PackagesFirst1764000681000,
  Removals1764000682000,
  ReportRuns1764000690000,
  RedHatSources1764000710000,
  ProgramsOfBitnami1764000720000,
  LinkedPrograms1764000730000,
  Containment1764000670000,
  AdvisoryLoad1764000750000,
  EndOfLife1764000790000,
  RepositoryCpes1764000790001,
  ViewWatches1764000800000,
  KevLists1764000810000,
  SilenceVersions1764000820000,
  LeaseAttempts1764000830000,
  OtherReleases1764000840010,
  RepeatedJoins1764000840020,
  ReportAges1764000840030,
  SearchedNames1764000840040,
  TagAges1764000840041,
  RoutingFiles1764000840044,
  VexNames1764000840045,
  RevisedAlerts1764000840074,
];

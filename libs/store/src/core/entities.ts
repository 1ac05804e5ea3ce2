import { ApiTokenRow } from '../access/api-token-row.js';
import { AuditEntryRow } from '../access/audit-row.js';
import { DeviceLoginRow } from '../access/device-login-row.js';
import { SavedViewRow } from '../access/saved-view-row.js';
import { ServiceAccountRow } from '../access/service-account-row.js';
import { SessionRow } from '../access/session-row.js';
import { SetupLinkRow } from '../access/setup-link-row.js';
import { UserRow } from '../access/user-row.js';
import { ViewRowRow, ViewWatchRow } from '../access/view-watch-rows.js';
import {
  AdvisoryEcosystemRow,
  AdvisoryFeedRow,
  AdvisoryImportRow,
  AdvisoryPackageRow,
  AdvisoryRow,
  EndOfLifeRow,
  EpssRow,
  ExploitationChangeRow,
  KevRow,
  PackageMatchRow,
  RepositoryCpeRow,
} from '../advisories/advisory-rows.js';
import { ClusterRow } from '../clusters/cluster-row.js';
import { ContainmentOrderRow, ContainmentTransitionRow } from '../containment/containment-rows.js';
import {
  AlertGroupRow,
  AlertHistoryRow,
  AlertRow,
  NotifiedAlertRow,
  SilenceRow,
  SilenceVersionRow,
} from '../deliveries/alert-rows.js';
import { DeliveryRow, DeliveryStepRow } from '../deliveries/delivery-rows.js';
import { FileEntryRow, ManagedEntryRow } from '../entries/entry-rows.js';
import {
  FleetRefreshRow,
  FleetUpgradeRow,
  FleetVulnerabilityRow,
  PackageVulnerabilityRow,
} from '../images/exposure/exposure-rows.js';
import { FleetContentRow, FleetFileRow } from '../images/file-rows.js';
import { ImageFindingRow, ImageRow } from '../images/image-rows.js';
import { ImageLayerRow, LayerBlobRow, LayerFailureRow, LayerRow } from '../images/layer-rows.js';
import { ImagePackageRow, PackageContentRow, PackageRow } from '../images/package-rows.js';
import { PipelineDocumentRow, PipelineReportRow } from '../images/pushes/pipeline-rows.js';
import { ImageProvenanceRow, PushIdentityRow, RepositoryFindingRow } from '../images/pushes/provenance-rows.js';
import { PushChangeRow, PushImageRow, PushRow, TagLedgerRow } from '../images/pushes/push-rows.js';
import { RegistryLookRow, RegistryRepositoryRow, RegistryTagRow } from '../images/pushes/registry-rows.js';
import {
  DetectionAlertRow,
  DetectionMatchRow,
  DetectionRuleRow,
  DetectorLeaseRow,
  DetectorReplicaRow,
  DetectorSnapshotRow,
} from '../incidents/detection-rows.js';
import { IncidentRevisionRow, IncidentRow } from '../incidents/incident-rows.js';
import { ReportRunRow } from '../reports/report-run-row.js';
import { RemovalImageRow, RemovalRow } from '../storage/removal-rows.js';
import { SensorContactRow } from '../workloads/sensor-contact-row.js';
import {
  ContainerLedgerRow,
  ImageManifestRow,
  LearnedHabitRow,
  PackageUseRow,
  WorkloadFindingRow,
  WorkloadObjectRow,
  WorkloadRow,
} from '../workloads/workload-rows.js';
import { DatabaseLifeRow } from './database-life-row.js';
import { DeadLetterRow, InboxRow, OutboxRow, ReceivedRow } from './event-rows.js';
import { JobRow, JobSourceRow } from './job-rows.js';
import { ServiceConfigurationRow } from './service-configuration-row.js';

/** Every table. */
export const entities = [
  OutboxRow,
  InboxRow,
  ReceivedRow,
  DeadLetterRow,
  JobRow,
  JobSourceRow,
  DatabaseLifeRow,
  RegistryRepositoryRow,
  RegistryTagRow,
  RegistryLookRow,
  PipelineDocumentRow,
  PipelineReportRow,
  PushRow,
  PushChangeRow,
  TagLedgerRow,
  ImageRow,
  ImageFindingRow,
  PushImageRow,
  LayerRow,
  LayerBlobRow,
  LayerFailureRow,
  ImageLayerRow,
  PackageRow,
  ImagePackageRow,
  FleetContentRow,
  FleetFileRow,
  PackageContentRow,
  ImageProvenanceRow,
  RepositoryFindingRow,
  PushIdentityRow,
  AdvisoryEcosystemRow,
  AdvisoryImportRow,
  AdvisoryRow,
  AdvisoryPackageRow,
  AdvisoryFeedRow,
  KevRow,
  EndOfLifeRow,
  EpssRow,
  ExploitationChangeRow,
  PackageMatchRow,
  RepositoryCpeRow,
  PackageVulnerabilityRow,
  FleetVulnerabilityRow,
  FleetUpgradeRow,
  FleetRefreshRow,
  SensorContactRow,
  ClusterRow,
  ServiceConfigurationRow,
  DetectorReplicaRow,
  DetectorLeaseRow,
  DetectorSnapshotRow,
  DetectionAlertRow,
  DetectionMatchRow,
  DetectionRuleRow,
  ContainerLedgerRow,
  WorkloadRow,
  WorkloadObjectRow,
  WorkloadFindingRow,
  ImageManifestRow,
  PackageUseRow,
  LearnedHabitRow,
  IncidentRow,
  IncidentRevisionRow,
  ContainmentOrderRow,
  ContainmentTransitionRow,
  AlertRow,
  AlertGroupRow,
  NotifiedAlertRow,
  AlertHistoryRow,
  SilenceRow,
  SilenceVersionRow,
  DeliveryRow,
  DeliveryStepRow,
  ApiTokenRow,
  AuditEntryRow,
  ServiceAccountRow,
  UserRow,
  SessionRow,
  SetupLinkRow,
  DeviceLoginRow,
  SavedViewRow,
  ViewWatchRow,
  ViewRowRow,
  ManagedEntryRow,
  FileEntryRow,
  ReportRunRow,
  RemovalRow,
  RemovalImageRow,
];

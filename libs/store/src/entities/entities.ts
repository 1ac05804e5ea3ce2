import {
  AdvisoryEcosystemRow,
  AdvisoryFeedRow,
  AdvisoryImportRow,
  AdvisoryPackageRow,
  AdvisoryRow,
  EpssRow,
  ExploitationNewsRow,
  KevRow,
  PackageMatchRow,
} from './advisories.js';
import { AlertGroupRow, AlertHistoryRow, AlertRow, SilenceRow, ToldAlertRow } from './alerts.js';
import { ApiTokenRow } from './api-token.js';
import { DeliveryRow, DeliveryStepRow } from './delivery.js';
import {
  DetectionAlertRow,
  DetectionMatchRow,
  DetectionRuleRow,
  DetectorLeaseRow,
  DetectorReplicaRow,
  DetectorSnapshotRow,
} from './detection.js';
import { DeadLetterRow, InboxRow, OutboxRow, ReceivedRow } from './events.js';
import {
  ImageLayerRow,
  ImagePackageRow,
  ImageRow,
  LayerBlobRow,
  LayerFailureRow,
  LayerRow,
  FleetContentRow,
  FleetFileRow,
  PackageContentRow,
  PackageRow,
  PushChangeRow,
  PushImageRow,
  PushRow,
  TagLedgerRow,
} from './images.js';
import { IncidentRevisionRow, IncidentRow } from './incident.js';
import { JobRow } from './jobs.js';
import { PipelineDocumentRow, PipelineReportRow } from './pipeline.js';
import { ImageProvenanceRow, PushIdentityRow, RepositoryFindingRow } from './provenance.js';
import { RegistryLookRow, RegistryRepositoryRow, RegistryTagRow } from './registry.js';
import { SensorContactRow } from './sensor-contact.js';
import { ServiceConfigurationRow } from './service-configuration.js';
import { ContainerLedgerRow, ImageManifestRow, LearnedHabitRow, PackageUseRow, WorkloadRow } from './workloads.js';

/** Every table. */
export const entities = [
  OutboxRow,
  InboxRow,
  ReceivedRow,
  DeadLetterRow,
  JobRow,
  RegistryRepositoryRow,
  RegistryTagRow,
  RegistryLookRow,
  PipelineDocumentRow,
  PipelineReportRow,
  PushRow,
  PushChangeRow,
  TagLedgerRow,
  ImageRow,
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
  EpssRow,
  ExploitationNewsRow,
  PackageMatchRow,
  SensorContactRow,
  ServiceConfigurationRow,
  DetectorReplicaRow,
  DetectorLeaseRow,
  DetectorSnapshotRow,
  DetectionAlertRow,
  DetectionMatchRow,
  DetectionRuleRow,
  ContainerLedgerRow,
  WorkloadRow,
  ImageManifestRow,
  PackageUseRow,
  LearnedHabitRow,
  IncidentRow,
  IncidentRevisionRow,
  AlertRow,
  AlertGroupRow,
  ToldAlertRow,
  AlertHistoryRow,
  SilenceRow,
  DeliveryRow,
  DeliveryStepRow,
  ApiTokenRow,
];

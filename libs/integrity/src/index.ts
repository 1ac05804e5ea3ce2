export { isElf } from './files/elf-header.js';
export { diffImages } from './changes/image-diff.js';
export type { ImageDiff } from './changes/image-diff.js';
export type { PackageChange } from './changes/package-changes.js';
export type { ComparedLayer, ImageOrigin, ImageState } from './changes/image-state.js';
export { isRoot, redactConfig } from './changes/stored-config.js';
export type { ConfigChange, ConfigRedaction, StoredConfig, StepChange } from './changes/stored-config.js';
export type { FileChange } from './changes/file-changes.js';
export type { BaseChange } from './changes/base-change.js';
export type { NewHost } from './changes/new-hosts.js';
export { fileOwners } from './image/file-owners.js';
export type { FileOwners } from './image/file-owners.js';
export type { FileSign } from './files/file-sign.js';
export { inspectFile, integrityVersion, wantsInspection } from './files/inspect-file.js';
export { hostsInFile, mayNameHosts } from './files/named-hosts.js';
export type { NamedHosts } from './files/named-hosts.js';
export type { IntegrityLayer } from './image/integrity-layer.js';
export { evaluateIntegrity, evaluateWithContents } from './image/evaluate-integrity.js';
export { isUpx } from './files/packed-signs.js';
export { layerNotAnalyzed } from './checks/layer-not-analyzed.js';
export type { UnreadLayer } from './checks/layer-not-analyzed.js';
export { outlierFinding } from './fleet/package-contents.js';
export type { Consensus, PackageContent } from './fleet/package-contents.js';
export { isComparedScript, maxScriptBytes } from './fleet/fleet-files.js';
export type { FleetFile, ScriptSource, ScriptText } from './fleet/fleet-files.js';
export { fileOutlierId, fileOutliers } from './fleet/file-outliers.js';
export type { FileOutlier, FileVariant } from './fleet/file-outliers.js';
export { evaluateHistory } from './checks/history.js';
export { commandsVersion, evaluateStartCommands } from './checks/start-command.js';
export { isUnexplainedCode, keptFindings, pairPlatforms, pushChanges } from './changes/push-changes.js';
export { becomesRoot, summaryOf } from './changes/change-summary.js';
export type { ChangeSummary } from './changes/change-summary.js';
export type {
  ComparedPlatform,
  ComparedPushes,
  FindingChange,
  Listed,
  PlatformChange,
  PlatformPair,
  PushChanges,
} from './changes/push-changes.js';
export { mostCommandingFirst, mostRelevantFirst } from './changes/change-order.js';
export { isOneBuild, sameRevisionFinding, sameRevisionId } from './fleet/same-revision.js';
export type { RevisionProof, SameRevision } from './fleet/same-revision.js';

export { isElf } from './elf-header.js';
export { diffImages } from './image-diff.js';
export type { ImageDiff } from './image-diff.js';
export type { PackageChange } from './package-changes.js';
export type { ComparedLayer, ImageOrigin, ImageState } from './image-state.js';
export { isRoot, redactConfig } from './stored-config.js';
export type { ConfigChange, ConfigRedaction, StoredConfig, StepChange } from './stored-config.js';
export type { FileChange } from './file-changes.js';
export type { BaseChange } from './base-change.js';
export type { NewHost } from './new-hosts.js';
export { fileOwners } from './file-owners.js';
export type { FileOwners } from './file-owners.js';
export type { FileSign } from './file-sign.js';
export { inspectFile, integrityVersion, wantsInspection } from './inspect-file.js';
export { hostsInFile, mayNameHosts } from './named-hosts.js';
export type { NamedHosts } from './named-hosts.js';
export type { IntegrityLayer } from './integrity-layer.js';
export { evaluateIntegrity, evaluateWithContents } from './evaluate-integrity.js';
export { layerNotAnalyzed } from './layer-not-analyzed.js';
export type { UnreadLayer } from './layer-not-analyzed.js';
export { outlierFinding } from './package-contents.js';
export type { Consensus, PackageContent } from './package-contents.js';
export { isComparedScript, maxScriptBytes } from './fleet-files.js';
export type { FleetFile, ScriptSource, ScriptText } from './fleet-files.js';
export { fileOutlierId, fileOutliers } from './file-outliers.js';
export type { FileOutlier, FileVariant } from './file-outliers.js';
export { evaluateHistory } from './history.js';
export { commandsVersion, evaluateStartCommands } from './start-command.js';
export { isUnexplainedCode, pairPlatforms, pushChanges } from './push-changes.js';
export { becomesRoot, summaryOf } from './change-summary.js';
export type { ChangeSummary } from './change-summary.js';
export type {
  ComparedPlatform,
  ComparedPushes,
  FindingChange,
  PlatformChange,
  PlatformPair,
  PushChanges,
} from './push-changes.js';
export { mostCommandingFirst, mostRelevantFirst } from './change-order.js';
export { isOneBuild, sameRevisionFinding } from './same-revision.js';
export type { RevisionProof, SameRevision } from './same-revision.js';

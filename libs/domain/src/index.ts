export { compareSeverity, isAtLeast, severities, worstSeverity } from './severity.js';
export type { Severity } from './severity.js';
export {
  AccessDenied,
  InvalidInput,
  LimitExceeded,
  MalformedFile,
  NotFound,
  NotYet,
  TidewaiterError,
  Unavailable,
} from './errors.js';
export { baselineReasons } from './baseline.js';
export type { Baseline, BaselineReason } from './baseline.js';
export { containmentActions, containmentKinds, containmentStates } from './containment.js';
export { clientKindOf, clientOf } from './client.js';
export type { ClientKind } from './client.js';
export { clusterState } from './cluster-state.js';
export type { ClusterState } from './cluster-state.js';
export type { ContainmentAction, ContainmentKind, ContainmentState, ContainmentSubject } from './containment.js';
export { Secret } from './secret.js';
export { entryKinds, entryNouns, entryUsers, managedKinds, managedKindsOf } from './entry.js';
export type { EntryKind, ManagedEntry, ManagedEntrySet, ManagedKind } from './entry.js';
export { linkedCode, reachabilities } from './linked-code.js';
export type { LinkedNames, Reachability } from './linked-code.js';
export { includesRole, roles } from './role.js';
export type { AccessRole } from './role.js';
export { limitableRoles, limitingScopes, scopeDimensions } from './access-scope.js';
export type { AccessScope, ScopeDimension } from './access-scope.js';
export { isDigest, presences } from './image.js';

export type { Digest, Layer, LayerClaim, OsRelease, Platform, Presence } from './image.js';
export { isDistributionType, packageTypes } from './package.js';
export type { ImagePackage, OwnedFile, OwnedFiles, Package, PackageRecord, PackageType } from './package.js';
export { fixStates, matchStates } from './advisory.js';
export type { AdvisorySummary, FixState, AdvisoryMatch, MatchState } from './advisory.js';
export { countedFindings, countFindings, groupByLocation, isCounted, isGating, isUncertain } from './counting.js';
export { countBySeverity, findingKinds, findingOf, findingReasons } from './finding.js';
export type { Confidence, Finding, FindingKind, FindingLocation, FindingReason, SeverityCounts } from './finding.js';
export {
  compareLocations,
  locationCount,
  locationsOf,
  maxFindingLocations,
  withLocations,
} from './finding-locations.js';
export { layerText, locationText, morePlaces, placeOf } from './finding-place.js';
export { staleFleet } from './fleet-age.js';
export { placePush } from './tag-history.js';
export type { TagEntry, TagPlacement, TagPush } from './tag-history.js';
export { buildTime, findingChanges, findingIdentity, publishedAt } from './finding-changes.js';
export type { EarlierImage, FindingChanges } from './finding-changes.js';
export type { Alert, Labels } from './alert.js';
export type { Suppressed, Suppression } from './suppression.js';
export { limitJsonValues } from './json-values.js';
export { cut, printable } from './printable.js';
export { activities, unknownContainer, unknownNetwork, unknownPod, unknownProcess } from './observation.js';
export type {
  Activity,
  Observation,
  ObservedContainer,
  ObservedNetwork,
  ObservedPod,
  ObservedProcess,
  ObservedRequest,
} from './observation.js';
export type { ObjectFinding, ObjectEvaluation } from './object-evaluation.js';
export { runtimeSources } from './runtime-record.js';
export type { JsonObject, JsonValue, ObservedSecret, RuntimeRecord, RuntimeSource } from './runtime-record.js';
export { artifactKinds, incidentStates, notSignedText, resolutions, revisionKinds, triageKinds } from './incident.js';
export type {
  Incident,
  IncidentArtifact,
  IncidentChange,
  IncidentEvidence,
  IncidentState,
  Resolution,
  RevisionKind,
  IncidentStep,
  IncidentWorkload,
  RuleCredit,
} from './incident.js';
export { priorities } from './priority.js';
export type { Priority } from './priority.js';
export { attestationKinds, refusalCodes } from './provenance.js';
export type {
  AttestedVex,
  Attestation,
  AttestationKind,
  Provenance,
  RefusalCode,
  Signature,
  Signer,
} from './provenance.js';
export { pipelineReportKinds, unknownRun } from './pipeline.js';
export type { CiRun, CiRunFact, PipelineReportKind } from './pipeline.js';
export { matchesWildcard } from './wildcard.js';
export { policyModes, policyWarnings, withPolicies } from './policy-result.js';
export type { PolicyMode, PolicyResult } from './policy-result.js';
export { incompleteEffects, isPartial, layerNotAnalyzedId, verdictOf } from './verdict.js';
export { verdicts } from './verdict.js';
export type { IncompleteEffect, Verdict, VerdictRules, VerdictWithReasons } from './verdict.js';
export { version } from './version.js';
export { channelCodes, codeEntry, codeSections, errorCatalog, type CodeEntry } from './error-catalog.js';
export { listPages } from './list-pages.js';
export { type WatchedList, watchedLists } from './watched-lists.js';

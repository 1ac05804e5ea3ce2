export type { Exception, Glob } from './exceptions/exception.js';
export { readIgnores } from './exceptions/read-ignores.js';
export { gateVerdict, readThreshold } from './gate/gate.js';
export type { GateInput, GateThreshold } from './gate/gate.js';
export { unsuppressedFindings, evaluateImages } from './evaluate-image.js';
export type { Circumstances, ImageEvaluation, EvaluationInput } from './evaluate-image.js';
export type { ImageIdentity } from './evaluated-image.js';
export { builtInPolicies, builtInPolicy } from './policies/built-in.js';
export type { BuiltInPolicy } from './policies/built-in.js';
export { policiesMarkdown } from './policies/document.js';
export { evaluationGaps } from './policies/evaluation-gaps.js';
export type { EvaluationGap } from './policies/evaluation-gaps.js';
export type {
  FindingFacts,
  PolicyImage,
  PackageFacts,
  PolicyFacts,
  ProvenanceFacts,
  RepositoryFacts,
} from './policies/facts.js';
export { missingKey } from './missing-key.js';
export { findingFacts, imageFacts, packageFacts, provenanceFacts } from './policies/image-facts.js';
export type { ImageClaims } from './policies/image-facts.js';
export { askPolicies, dependsOnTime } from './policies/policy.js';
export type { Policy } from './policies/policy.js';
export { readPolicy } from './policies/policy-file.js';
export type { PolicySettings } from './policies/policy-file.js';
export { needsPackages, noRules, readRules, ruleSettings, rulesVersion, unreadablePolicy } from './rules.js';
export type { Rules, ScopedPolicy } from './rules.js';
export { suppress } from './suppress.js';
export type { SuppressionResult, Objections } from './suppress.js';
export { attestedStatements } from './vex/attested.js';
export { vexProductTexts } from './vex/product-text.js';
export { readVex } from './vex/read-vex.js';
export { vexStatuses } from './vex/statement.js';
export type { VexStatement, VexStatus } from './vex/statement.js';

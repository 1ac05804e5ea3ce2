export { factContext } from './context.js';
export type { ContainerLookup, FactContext } from './context.js';
export type { FactField } from './fact-field.js';
export { factField, factFields, isFactField } from './fields.js';
export type {
  FileManifest,
  ImageFacts,
  KnownFacts,
  KnownSecret,
  KnownVulnerability,
  ManifestFile,
  PreviousImage,
  WorkloadFacts,
} from './facts.js';
export { factsFromFile } from './facts-file.js';
export type { FactsFile } from './facts-file.js';
export { habitKinds } from './habits.js';
export type { HabitKind, Habits } from './habits.js';
export { noPolicy, policyOf, runtimePolicySettings } from './policy.js';
export type { RuntimePolicy } from './policy.js';

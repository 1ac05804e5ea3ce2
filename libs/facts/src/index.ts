export { factContext } from './context.js';
export type { ContainerLookup, FactContext } from './context.js';
export { factsMarkdown } from './document.js';
export type { FactField } from './fact-field.js';
export { factField, factFields, factGetter, isFactField } from './fields.js';
export { isMalwareAdvisory } from './facts.js';
export { accessKeyOf, isControllerAccount } from './identity.js';
export type {
  AccessKey,
  FileManifest,
  ImageFacts,
  FactsView,
  SecretView,
  VulnerabilityView,
  ManifestFile,
  PreviousImage,
  WorkloadFacts,
} from './facts.js';
export { factsFromFile } from './facts-file.js';
export type { FactsFile } from './facts-file.js';
export { contentKeyOf, contentKeysOf, PackedManifest, packManifest } from './file-manifest.js';
export type { ImageFile } from './file-manifest.js';
export { isInArchive, isJavaArchive, javaArchivesOf } from './java-archives.js';
export type { HabitKind, Habits } from './habits.js';
export { Learned } from './learned.js';
export type { LearnedHabit, LearnedOptions } from './learned.js';
export { noPolicy, policyOf, runtimePolicySettings } from './policy.js';
export type { RuntimePolicy } from './policy.js';

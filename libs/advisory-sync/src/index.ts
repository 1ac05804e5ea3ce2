export type { AdvisoryKeeper, FeedResult, ReadingListener } from './advisory-keeper.js';
export { importFiles } from './import-files.js';
export { isEcosystemName, placesOf, publicPlaces } from './places.js';
export type { AdvisoryPlaces } from './places.js';
export type { ReadOptions } from './read-records.js';
export { advisorySources } from './record-source.js';
export type { AdvisorySource, RecordSource } from './record-source.js';
export { syncAdvisories } from './sync-advisories.js';
export type { SyncOptions } from './sync-advisories.js';

export { ByteCache } from './byte-cache.js';
export { Heap } from './heap.js';
export { RecentIds } from './recent-ids.js';
export { NameSet } from './name-set.js';
export { type PersistedMap, RecentMap } from './recent-map.js';
export { type PersistedPairs, RecentPairs } from './recent-pairs.js';
export { compareTimed, ReorderBuffer, type Timed } from './reorder-buffer.js';
export { completed } from './steps.js';
export type { Steps } from './steps.js';

export { LayerThreads, threadLimits } from './layer-threads.js';
export type { ThreadLimits } from './layer-threads.js';
export type { PackedLayer } from './packed-layer.js';
export { limitsIn, limitSettings, readingLimits } from './reading-limits.js';
export type { ReadingLimits } from './reading-limits.js';

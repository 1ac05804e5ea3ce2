export { LayerProcesses, processLimits } from './layer-processes.js';
export type { ProcessLimits } from './layer-processes.js';
export type { PackedLayer } from './packed-layer.js';
export { limitsIn, limitSettings, readingLimits } from './reading-limits.js';
export type { ReadingLimits } from './reading-limits.js';

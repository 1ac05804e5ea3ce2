export { LayerThreads, threadLimits } from './layer-threads.js';
export type { ThreadLimits } from './layer-threads.js';
export type { PackedLayer } from './packed-layer.js';

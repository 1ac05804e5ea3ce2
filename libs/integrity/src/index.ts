export { isElf } from './elf-header.js';
export { diffImages } from './image-diff.js';
export type { ImageDiff, ImageState } from './image-diff.js';
export type { FileSign } from './file-sign.js';
export { inspectFile, integrityVersion, wantsInspection } from './inspect-file.js';
export type { IntegrityLayer } from './integrity-layer.js';
export { judgeIntegrity } from './judge-integrity.js';
export { judgeHistory } from './history.js';

export { diffImages } from './image-diff.js';
export type { ConfigChange, FileChange, ImageDiff, ImageState, PackageChange } from './image-diff.js';
export type { FileSign, InspectedFile } from './file-sign.js';
export { inspectFile, integrityVersion, wantsInspection } from './inspect-file.js';
export type { IntegrityLayer, PackageDatabase } from './integrity-layer.js';
export { judgeIntegrity } from './judge-integrity.js';
export { judgeHistory } from './history.js';

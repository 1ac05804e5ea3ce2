export { AdvisoryFile } from './advisory-file.js';
export { AdvisoryFileWriter } from './advisory-file-writer.js';
export { formatVersion, isAdvisoryFile } from './format.js';
export { deltaBetween } from './artifact/delta.js';
export { imageFacts, writeImage } from './artifact/image.js';
export type { FileContent } from './artifact/image.js';
export { localFile } from './artifact/local-file.js';

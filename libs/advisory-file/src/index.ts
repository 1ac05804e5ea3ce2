export { AdvisoryFile } from './advisory-file.js';
export { AdvisoryFileWriter } from './advisory-file-writer.js';
export { isAdvisoryFile } from './format.js';
export type { AdvisoryRecord } from './rows.js';

export type { Exception, Glob } from './exceptions/exception.js';
export { readIgnores } from './exceptions/read-ignores.js';
export type { ImageIdentity } from './judged-image.js';
export { suppress } from './suppress.js';
export type { Judged, Objections } from './suppress.js';
export { readVex } from './vex/read-vex.js';
export type { VexStatement, VexStatus } from './vex/statement.js';

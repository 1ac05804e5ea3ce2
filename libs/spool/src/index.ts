export { lockFolder } from './folder-lock.js';
export { readNote, writeNote } from './note.js';
export { isAtOrBehind, positionIn, SegmentLog } from './segment-log.js';
export type { LogPosition, LogSegment, StoredEntry } from './segment-log.js';
export { SpoolBudget } from './spool-budget.js';

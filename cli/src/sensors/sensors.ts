import { entriesCommand } from '../entries/entries.js';

/** Command that lists and changes sensors of a platform. */
export const sensorsCommand = entriesCommand('sensors');

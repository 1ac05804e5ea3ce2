import { entriesCommand } from '../entries/entries.js';

/** Command that lists and changes exceptions of a platform. */
export const exceptionsCommand = entriesCommand('exceptions');

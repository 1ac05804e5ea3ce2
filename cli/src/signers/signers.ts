import { entriesCommand } from '../entries/entries.js';

/** Command that lists and changes signers of a platform. */
export const signersCommand = entriesCommand('signers');

import { entriesCommand } from '../entries/entries.js';

/** Command that lists and changes registries of a platform. */
export const registriesCommand = entriesCommand('registries');

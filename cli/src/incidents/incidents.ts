import { listCommand } from '../lists/lists.js';

/** Command that lists incidents of a platform. */
export const incidentsCommand = listCommand('incidents');

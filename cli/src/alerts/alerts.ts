import { listCommand } from '../lists/lists.js';

/** Command that lists alerts of a platform. */
export const alertsCommand = listCommand('alerts');

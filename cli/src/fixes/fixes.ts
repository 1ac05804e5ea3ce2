import { listCommand } from '../lists/lists.js';

/** Command that lists fixes of a platform. */
export const fixesCommand = listCommand('fixes');

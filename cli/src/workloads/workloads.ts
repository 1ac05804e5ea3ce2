import { listCommand } from '../lists/lists.js';

/** Command that lists workloads of a platform. */
export const workloadsCommand = listCommand('workloads');

import { listCommand } from '../lists/lists.js';

/** Command that lists vulnerabilities of a platform. */
export const vulnerabilitiesCommand = listCommand('vulnerabilities');

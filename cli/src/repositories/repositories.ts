import { listCommand } from '../lists/lists.js';

/** Command that lists repositories of a platform. */
export const repositoriesCommand = listCommand('repositories');

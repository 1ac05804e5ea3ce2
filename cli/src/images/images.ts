import { listCommand } from '../lists/lists.js';

/** Command that lists images of a platform. */
export const imagesCommand = listCommand('images');

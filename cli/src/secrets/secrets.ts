import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { writeSecretFiles } from './secret-files.js';

/** Makes the passwords and users of docker-compose.yml. */
export function secretsCommand(program: Command): void {
  program
    .command('secrets')
    .description('make the passwords and users of docker-compose.yml')
    .argument('<folder>', 'folder for the files; passwords that it has already are kept')
    .action(async (folder: string) => {
      const written = await writeSecretFiles(folder);
      printStderr(`${written.length} files in ${folder}; each container mounts its own`);
    });
}

import type { Command } from 'commander';

import { printStderr } from '../context.js';

/** Makes the passwords and users of docker-compose.yml. */
export function secretsCommand(program: Command): void {
  program
    .command('secrets')
    .description('make the passwords and users of docker-compose.yml')
    .argument('<folder>', 'folder for the files; passwords that it has already are kept')
    .action(async (folder: string) => {
      // Loaded on demand: the roles of the database come with its client.
      const { writeSecretFiles } = await import('./secret-files.js');
      const written = await writeSecretFiles(folder);
      printStderr(`${written.length} files in ${folder}; each container mounts its own`);
    });
}

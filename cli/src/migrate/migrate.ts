import type { PlannedMigration } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { migrateDatabase, plannedMigrations } from '../database.js';

interface Options {
  plan?: boolean;
  output: 'table' | 'json';
}

/** Brings the database to the schema of this release, or prints what that will run. */
export function migrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to the schema of this release')
    .option('--plan', 'print what will run, and run nothing')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ plan = false, output }: Options) => {
      const planned = await plannedMigrations();
      // Also without a migration: roles that were made since get their rights.
      if (!plan) await migrateDatabase();
      const state = plan ? 'pending' : 'applied';
      if (output === 'json') process.stdout.write(`${JSON.stringify({ [state]: planned }, null, 2)}\n`);
      else process.stdout.write(planned.map(plan ? withStatements : ({ name }) => `${name}\n`).join(''));
      if (planned.length === 0) printStderr('the schema is that of this release');
    });
}

function withStatements({ name, statements }: PlannedMigration): string {
  const lines = statements.flatMap((statement) => statement.split('\n')).filter((line) => line.trim() !== '');
  const margin = Math.min(...lines.map((line) => line.search(/\S/)));
  return `-- ${name}\n${lines.map((line) => line.slice(margin)).join('\n')}\n\n`;
}

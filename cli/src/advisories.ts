import { printable } from '@tidewaiter/domain';
import type { Advisories, AdvisoryStatus } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { withStore } from './database.js';
import { count } from './terminal.js';

/** Vulnerability data: into the database, and what is there. */
export function advisoriesCommand(program: Command): void {
  const advisories = program.command('advisories').description('vulnerability data');
  advisories
    .command('import')
    .description('write OSV records into the database')
    .argument('<path...>', 'an all.zip of the OSV bucket, a folder of such archives, or a folder of .json records')
    .option('--quiet', 'say only what went wrong')
    .action(async (paths: string[], { quiet = false }: { quiet?: boolean }) => {
      const { importAdvisories } = await import('./advisories-import.js');
      await importAdvisories(paths, quiet, withAdvisories);
    });
  advisories
    .command('status')
    .description('show what the database holds')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ output }: { output: 'table' | 'json' }) => {
      const status = await withAdvisories(async (all) => all.status());
      process.stdout.write(output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : table(status));
    });
}

async function withAdvisories<T>(work: (advisories: Advisories) => Promise<T>): Promise<T> {
  const { Advisories } = await import('@tidewaiter/store');
  return withStore(async (store) => work(new Advisories(store)));
}

function table({ advisories, ecosystems, lastImport }: AdvisoryStatus): string {
  const rows = [
    ['advisories', count(advisories)],
    ['last import', lastImport ? `${printable(lastImport.source)}, ${lastImport.importedAt.toISOString()}` : 'never'],
    ...ecosystems.map(({ ecosystem, packages }) => [`  ${printable(ecosystem)}`, `${count(packages)} package entries`]),
  ];
  return `${rows.map(([name = '', value = '']) => `${name.padEnd(24)}  ${value}`).join('\n')}\n`;
}

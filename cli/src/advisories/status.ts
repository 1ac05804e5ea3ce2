import { type Command, Option } from 'commander';

import { type DestinationFlags, holdingsOf, withDestinationFlags } from './destination.js';

interface StatusFlags extends DestinationFlags {
  output: 'table' | 'json';
  verify?: boolean;
}

export function statusCommand(advisories: Command): void {
  const command = advisories
    .command('status')
    .description('show what is there, and how current it is')
    .option('--verify', 'read the local file from end to end, whether it is whole')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'));
  withDestinationFlags(command).action(async ({ output, verify = false, ...flags }: StatusFlags) => {
    const holdings = await holdingsOf(flags, verify);
    const now = Date.now();
    const { statusJson, statusTable } = await import('./status-text.js');
    process.stdout.write(output === 'json' ? statusJson(holdings, now) : statusTable(holdings, now));
  });
}

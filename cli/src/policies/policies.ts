import { printable } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { entryOptions } from '../entries/entries.js';
import { counted } from '../terminal.js';

/** Lists and changes policies of a platform, lists built-in ones, and checks files. */
export function policiesCommand(program: Command): void {
  const policies = entryOptions(program.command('policies'), 'policies');
  policies.command('list').description('list the built-in policies').action(list);
  policies
    .command('check')
    .description('validate policies; exit code 1 on errors')
    .argument('<file...>', 'policies in YAML, or a .cel file each')
    .action(check);
}

async function list(): Promise<void> {
  const { builtInPolicies } = await import('@tidewaiter/policy');
  const width = Math.max(...builtInPolicies.map(({ name }) => name.length));
  for (const { name, description } of builtInPolicies) process.stdout.write(`${name.padEnd(width)}  ${description}\n`);
}

/** @throws NotFound `POLICY_MISSING`; InvalidInput `POLICY_INVALID` */
async function check(files: string[]): Promise<void> {
  const { readPolicies } = await import('../target/policies.js');
  const { policies } = await readPolicies(files);
  for (const { name, rules } of policies) {
    process.stdout.write(`${printable(name)}: ${counted(rules.length, 'rule')}\n`);
  }
}

import { printable } from '@tidewaiter/domain';
import type { Command } from 'commander';

/** Shows the policies that there are, and tries others before they are used. */
export function policiesCommand(program: Command): void {
  const policies = program.command('policies').description('manage policies');
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
  for (const { name, rules } of await readPolicies(files)) {
    process.stdout.write(`${printable(name)}: ${rules.length} rule${rules.length === 1 ? '' : 's'}\n`);
  }
}

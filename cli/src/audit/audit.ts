import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { withStore } from '../database.js';
import { checkListOptions, listOptions } from '../lists/lists.js';

const exitBroken = 1;

/** Command that lists the audit log, and checks it. */
export function auditCommand(program: Command): void {
  listOptions(program.command('audit'), 'audit')
    .command('verify')
    .description('check that no entry was changed, removed or added by hand; prints the last number and hash')
    .option('--expect <number:hash>', 'entry that must be there, as an earlier check printed it')
    .action(async ({ expect }: { expect?: string }, command: Command) => {
      checkListOptions(command, {});
      await verify(expect);
    });
}

async function verify(expected: string | undefined): Promise<void> {
  const { AuditLog } = await import('@tidewaiter/store');
  const [{ entries, brokenAt, head }, isThere] = await withStore(async (store) => {
    const log = new AuditLog(store);
    return [await log.verify(), expected === undefined || (await log.has(expected))] as const;
  });
  process.stdout.write(`${entries}:${head}\n`);
  if (brokenAt !== null) printStderr(`entry ${brokenAt} does not follow from those before it`);
  if (!isThere) printStderr(`there is no entry ${expected}`);
  if (brokenAt !== null || !isThere) process.exitCode = exitBroken;
  else printStderr(`${entries} entries, none altered`);
}

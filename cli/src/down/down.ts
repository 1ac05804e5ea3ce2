import { currentRun, startTicks, stopLeftovers, terminate } from '@tidewaiter/servers';
import type { Command } from 'commander';

import { stateDir, printStderr } from '../context.js';

/** Stops the `up` of this folder, and whatever a killed one left behind. */
export function downCommand(program: Command): void {
  program.command('down').description('stop what `up` started').action(down);
}

async function down(): Promise<void> {
  const run = await currentRun(stateDir);
  if (run) await terminate(run.pid, async () => (await startTicks(run.pid)) === run.startTicks);
  await stopLeftovers(stateDir);
  printStderr(run ? 'stopped' : 'nothing runs here');
}

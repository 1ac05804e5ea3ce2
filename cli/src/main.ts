import { TidewaiterError } from '@tidewaiter/domain';
import { Command, CommanderError } from 'commander';

import { advisoriesCommand } from './advisories.js';
import { tell } from './context.js';
import { deadLettersCommand } from './dead-letters.js';
import { downCommand } from './down.js';
import { routesCommand } from './routes.js';
import { serviceCommand } from './service.js';
import { statusCommand } from './status.js';
import { testCommand } from './test.js';
import { upCommand } from './up.js';

const exitFailed = 2;
/** @see sysexits(3), EX_USAGE */
const exitUsage = 64;

/** Every command, in the order of the help. */
const commands = [
  upCommand,
  downCommand,
  statusCommand,
  serviceCommand,
  testCommand,
  advisoriesCommand,
  routesCommand,
  deadLettersCommand,
];

const program = new Command('tidewaiter')
  .description('Container supply-chain security: from registry push to running process')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(add --help for more)');
for (const command of commands) command(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
// A service that did not end in time still holds the event loop. Nothing is cut off: on Linux output is written at once.
process.exit();

function exitCodeOf(error: unknown): number {
  // Commander has printed its own message, and help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
  if (error instanceof TidewaiterError) tell(`tidewaiter: ${error.message}`);
  else tell('tidewaiter: INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitFailed;
}

import { Command } from 'commander';

import { advisoriesCommand } from './advisories/advisories.js';
import { completionCommand } from './completion/completion.js';
import { deadLettersCommand } from './dead-letters/dead-letters.js';
import { deliveriesCommand } from './deliveries/deliveries.js';
import { diffCommand } from './diff/diff.js';
import { downCommand } from './down/down.js';
import { explainCommand } from './explain/explain.js';
import { findCommand } from './find/find.js';
import { gateCommand } from './gate/gate.js';
import { messagesCommand } from './messages/messages.js';
import { policiesCommand } from './policies/policies.js';
import { replayCommand } from './replay/replay.js';
import { routesCommand } from './routes/routes.js';
import { rulesCommand } from './rules/rules.js';
import { sbomCommand } from './sbom/sbom.js';
import { withFamiliarName } from './scan/familiar-flags.js';
import { scanCommand } from './scan/scan.js';
import { serviceCommand } from './service/service.js';
import { silencesCommand } from './silences/silences.js';
import { statusCommand } from './status/status.js';
import { testCommand } from './test/test.js';
import { tokensCommand } from './tokens/tokens.js';
import { upCommand } from './up/up.js';
import { version } from './version.js';

/** Every command, in the order of the help. */
const commands = [
  scanCommand,
  sbomCommand,
  diffCommand,
  gateCommand,
  explainCommand,
  findCommand,
  upCommand,
  downCommand,
  statusCommand,
  serviceCommand,
  testCommand,
  advisoriesCommand,
  policiesCommand,
  routesCommand,
  rulesCommand,
  replayCommand,
  silencesCommand,
  messagesCommand,
  deliveriesCommand,
  deadLettersCommand,
  tokensCommand,
  completionCommand,
];

/** The rest of the program asks the environment, as it does without the flags. */
function applyGlobalFlags(program: Command): void {
  const { color, debug } = program.opts<{ color: boolean; debug?: boolean }>();
  if (!color) process.env['NO_COLOR'] = '1';
  if (debug) process.env['TIDEWAITER_LOG_LEVEL'] = 'debug';
}

/** The command line as it is written; nothing has run. */
export function createProgram(): Command {
  const program = new Command('tidewaiter')
    .description('Container supply-chain security: from registry push to running process')
    .version(version)
    .option('--no-color', 'write without colors')
    .option('--debug', 'print what an error came from')
    .exitOverride()
    .configureOutput({ outputError: (message, write) => write(withFamiliarName(message)) })
    .hook('preAction', applyGlobalFlags)
    .showHelpAfterError('(add --help for more)');
  for (const command of commands) command(program);
  program.command('version', { hidden: true }).action(() => void process.stdout.write(`${version}\n`));
  return program;
}

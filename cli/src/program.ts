import { Command } from 'commander';

import { advisoriesCommand } from './advisories/advisories.js';
import { completionCommand } from './completion/completion.js';
import { deadLettersCommand } from './dead-letters.js';
import { deliveriesCommand } from './deliveries.js';
import { downCommand } from './down.js';
import { messagesCommand } from './messages.js';
import { policiesCommand } from './policies.js';
import { replayCommand } from './replay/replay.js';
import { routesCommand } from './routes.js';
import { rulesCommand } from './rules/rules.js';
import { diffCommand } from './scan/diff.js';
import { explainCommand } from './scan/explain.js';
import { gateCommand } from './scan/gate.js';
import { sbomCommand } from './scan/sbom.js';
import { scanCommand } from './scan/scan.js';
import { serviceCommand } from './service.js';
import { silencesCommand } from './silences.js';
import { statusCommand } from './status.js';
import { testCommand } from './test.js';
import { tokensCommand } from './tokens.js';
import { upCommand } from './up.js';
import { version } from './version.js';

/** Every command, in the order of the help. */
const commands = [
  scanCommand,
  sbomCommand,
  diffCommand,
  gateCommand,
  explainCommand,
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

/** The command line as it is written; nothing has run. */
export function createProgram(): Command {
  const program = new Command('tidewaiter')
    .description('Container supply-chain security: from registry push to running process')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(add --help for more)');
  for (const command of commands) command(program);
  return program;
}

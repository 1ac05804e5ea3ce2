import { version } from '@tidewaiter/domain';
import { Command } from 'commander';

import { withFamiliarName } from './scan/familiar-flags.js';

/** Definitions of the commands, in the order of the help; each is loaded only when it is used. */
const commands: Record<string, () => Promise<(program: Command) => void>> = {
  scan: async () => (await import('./scan/scan.js')).scanCommand,
  sbom: async () => (await import('./sbom/sbom.js')).sbomCommand,
  diff: async () => (await import('./diff/diff.js')).diffCommand,
  gate: async () => (await import('./gate/gate.js')).gateCommand,
  explain: async () => (await import('./explain/explain.js')).explainCommand,
  login: async () => (await import('./login/login.js')).loginCommand,
  logout: async () => (await import('./logout/logout.js')).logoutCommand,
  find: async () => (await import('./find/find.js')).findCommand,
  repositories: async () => (await import('./repositories/repositories.js')).repositoriesCommand,
  images: async () => (await import('./images/images.js')).imagesCommand,
  vulnerabilities: async () => (await import('./vulnerabilities/vulnerabilities.js')).vulnerabilitiesCommand,
  fixes: async () => (await import('./fixes/fixes.js')).fixesCommand,
  workloads: async () => (await import('./workloads/workloads.js')).workloadsCommand,
  incidents: async () => (await import('./incidents/incidents.js')).incidentsCommand,
  alerts: async () => (await import('./alerts/alerts.js')).alertsCommand,
  incident: async () => (await import('./incident/incident.js')).incidentCommand,
  containment: async () => (await import('./containment/containment.js')).containmentCommand,
  up: async () => (await import('./up/up.js')).upCommand,
  down: async () => (await import('./down/down.js')).downCommand,
  status: async () => (await import('./status/status.js')).statusCommand,
  migrate: async () => (await import('./migrate/migrate.js')).migrateCommand,
  backup: async () => (await import('./backup/backup.js')).backupCommand,
  restore: async () => (await import('./restore/restore.js')).restoreCommand,
  secrets: async () => (await import('./secrets/secrets.js')).secretsCommand,
  service: async () => (await import('./service/service.js')).serviceCommand,
  test: async () => (await import('./test/test.js')).testCommand,
  advisories: async () => (await import('./advisories/advisories.js')).advisoriesCommand,
  exceptions: async () => (await import('./exceptions/exceptions.js')).exceptionsCommand,
  policies: async () => (await import('./policies/policies.js')).policiesCommand,
  signers: async () => (await import('./signers/signers.js')).signersCommand,
  registries: async () => (await import('./registries/registries.js')).registriesCommand,
  sensors: async () => (await import('./sensors/sensors.js')).sensorsCommand,
  reports: async () => (await import('./reports/reports.js')).reportsCommand,
  views: async () => (await import('./views/views.js')).viewsCommand,
  routes: async () => (await import('./routes/routes.js')).routesCommand,
  rules: async () => (await import('./rules/rules.js')).rulesCommand,
  replay: async () => (await import('./replay/replay.js')).replayCommand,
  silences: async () => (await import('./silences/silences.js')).silencesCommand,
  messages: async () => (await import('./messages/messages.js')).messagesCommand,
  deliveries: async () => (await import('./deliveries/deliveries.js')).deliveriesCommand,
  audit: async () => (await import('./audit/audit.js')).auditCommand,
  pushes: async () => (await import('./pushes/pushes.js')).pushesCommand,
  'dead-letters': async () => (await import('./dead-letters/dead-letters.js')).deadLettersCommand,
  storage: async () => (await import('./storage/storage.js')).storageCommand,
  clusters: async () => (await import('./clusters/clusters.js')).clustersCommand,
  tokens: async () => (await import('./tokens/tokens.js')).tokensCommand,
  completion: async () => (await import('./completion/completion.js')).completionCommand,
};

export const commandNames = Object.keys(commands);

/** The rest of the program asks the environment, as it does without the flags. */
function applyGlobalFlags(program: Command): void {
  const { color, debug } = program.opts<{ color: boolean; debug?: boolean }>();
  if (!color) process.env['NO_COLOR'] = '1';
  if (debug) process.env['TIDEWAITER_LOG_LEVEL'] = 'debug';
}

/**
 * The command line, before anything has run. With `args`, only the commands that these need are
 * defined.
 */
export async function createProgram(args: readonly string[] = []): Promise<Command> {
  const program = new Command('tidewaiter')
    .description('Container supply-chain security: from registry push to running process')
    .version(version)
    .option('--no-color', 'write without colors')
    .option('--debug', 'print what an error came from')
    .exitOverride()
    .configureOutput({ outputError: (message, write) => write(withFamiliarName(message)) })
    .hook('preAction', applyGlobalFlags)
    .showHelpAfterError('(add --help for more)');
  const definitions = await Promise.all(neededBy(args).map(async (name) => commands[name]!()));
  for (const define of definitions) define(program);
  program.command('version', { hidden: true }).action(() => void process.stdout.write(`${version}\n`));
  return program;
}

/**
 * Names of the commands that some arguments need: all of them for help, completion and a mistyped
 * name.
 */
function neededBy(args: readonly string[]): string[] {
  const given = args.find((arg) => !arg.startsWith('-'));
  if (given === 'version' || args[0] === '--version') return [];
  const name = given === 'image' ? 'scan' : given;
  return name !== undefined && name !== 'completion' && Object.hasOwn(commands, name) ? [name] : commandNames;
}

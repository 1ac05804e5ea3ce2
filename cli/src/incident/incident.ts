import { InvalidInput, NotFound, printable, resolutions } from '@tidewaiter/domain';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { age, durationOption } from '../duration.js';
import { signedIn } from '../saved-sign-ins.js';
import { askApi, deleteApi, getApi, type Server, serverUrl } from '../server.js';
import { type NamedIncident, type IncidentDetail, incidentText } from './incident-text.js';

type Flags = Partial<Server> & Pick<Server, 'timeout'>;

/** Commands that show incidents of a platform, and record the work on them. */
export function incidentCommand(program: Command): void {
  const incident = program.command('incident').description('show an incident of a platform, and record work on it');
  withServer(incident.command('show'))
    .description('print an incident with its timeline')
    .argument('<incident>', 'INC-7, its number or its id')
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'))
    .action(async (name: string, flags: Flags & { output: 'text' | 'json' }) => {
      const server = await serverOf(flags);
      const found = await getApi(`incidents/${incidentName(name)}`, server, isDetail);
      process.stdout.write(flags.output === 'json' ? `${JSON.stringify(found, null, 2)}\n` : incidentText(found));
    });
  act(incident, 'acknowledge', 'acknowledge incidents, until they get worse').action(
    each('acknowledged', async (path, server) => post(`${path}/acknowledge`, {}, server)),
  );
  act(incident, 'assign', 'assign incidents to a user')
    .addOption(new Option('--to <name>', 'the user').conflicts('nobody'))
    .option('--nobody', 'take the assignee away')
    .action(async (names: string[], flags: Flags & { to?: string; nobody?: true }, command: Command) => {
      if (flags.to === undefined && !flags.nobody) return command.error('error: --to or --nobody is needed');
      const assignee = flags.to ?? null;
      await each(assignee === null ? 'assigned to nobody' : `assigned to ${assignee}`, async (path, server) =>
        post(`${path}/assign`, { assignee }, server),
      )(names, flags);
    });
  act(incident, 'snooze', 'hide incidents from lists until later, or until there is news')
    .requiredOption('--for <duration>', 'how long: 4h, 7d', age)
    .action(async (names: string[], flags: Flags & { for: number }) => {
      const until = new Date(Date.now() + flags.for).toISOString();
      await each(`snoozed until ${until}`, async (path, server) => post(`${path}/snooze`, { until }, server))(
        names,
        flags,
      );
    });
  act(incident, 'unsnooze', 'end the snooze of incidents').action(
    each('listed again', async (path, server) => deleteApi(`${path}/snooze`, server, isIncident)),
  );
  act(incident, 'comment', 'add a comment to incidents')
    .requiredOption('--comment <text>', 'what others should know')
    .action(async (names: string[], flags: Flags & { comment: string }) =>
      each('commented', async (path, server) => post(`${path}/comments`, { comment: flags.comment }, server))(
        names,
        flags,
      ),
    );
  act(incident, 'resolve', 'resolve incidents')
    .addOption(new Option('--reason <reason>', 'why').choices(resolutions))
    .option('--comment <text>', 'what others should know')
    .action(async (names: string[], flags: Flags & { reason?: string; comment?: string }) => {
      const { reason, comment } = flags;
      await each('resolved', async (path, server) => post(`${path}/resolve`, { reason, comment }, server))(
        names,
        flags,
      );
    });
  act(incident, 'reopen', 'open resolved incidents again').action(
    each('open', async (path, server) => post(`${path}/reopen`, {}, server)),
  );
}

function act(incident: Command, name: string, description: string): Command {
  return withServer(incident.command(name))
    .description(description)
    .argument('<incident...>', 'INC-7, its number or its id');
}

function withServer(command: Command): Command {
  return command
    .option('--server <url>', 'the platform; that of `login` unless given', serverUrl)
    .option('--token-file <file>', 'holds an API token of the platform')
    .addOption(durationOption('--timeout <duration>', 'how long each answer may take', '1m'));
}

async function serverOf({ timeout, ...flags }: Flags): Promise<Server> {
  return { ...(await signedIn(flags)), timeout };
}

/** Acts on each incident in turn; the first failure ends it. */
function each(done: string, work: (path: string, server: Server) => Promise<NamedIncident>) {
  return async (names: readonly string[], flags: Flags): Promise<void> => {
    const server = await serverOf(flags);
    for (const name of names) {
      const { number } = await work(`incidents/${await incidentId(name, server)}`, server);
      printStderr(`INC-${number}: ${printable(done)}`);
    }
  };
}

async function post(path: string, body: object, server: Server): Promise<NamedIncident> {
  return askApi(path, body, server, isIncident);
}

/** Name of an incident as the API takes it: its id, or `INC-7` for that and for `7`. */
function incidentName(name: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) return name;
  const [, number] = /^(?:INC-)?(\d{1,15})$/i.exec(name) ?? [];
  if (number === undefined) throw new InvalidInput('INPUT_INVALID', `${printable(name)} is neither INC-7, 7 nor an id`);
  return `INC-${number}`;
}

/**
 * Id of the incident that `INC-7`, `7` or an id names.
 * @throws NotFound `INCIDENT_UNKNOWN`
 */
export async function incidentId(name: string, server: Server): Promise<string> {
  const known = incidentName(name);
  const [, number] = /^INC-(\d+)$/.exec(known) ?? [];
  if (number === undefined) return known;
  // Merged and snoozed ones are listed only if the query names them.
  const q = `number=${number} state=open,resolved,merged (snoozed or -snoozed)`;
  const { items } = await getApi(`incidents?${new URLSearchParams({ q }).toString()}`, server, isList);
  const [found] = items;
  if (!found) throw new NotFound('INCIDENT_UNKNOWN', `no incident INC-${number}`);
  return found.id;
}

function isIncident(answer: unknown): answer is NamedIncident {
  const { id, number } = (answer ?? {}) as Partial<NamedIncident>;
  return typeof id === 'string' && typeof number === 'number';
}

function isList(answer: unknown): answer is { items: NamedIncident[] } {
  const { items } = (answer ?? {}) as { items?: unknown };
  return Array.isArray(items) && items.every(isIncident);
}

function isDetail(answer: unknown): answer is IncidentDetail {
  return isIncident(answer) && Array.isArray((answer as Partial<IncidentDetail>).timeline);
}

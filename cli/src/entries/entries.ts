import { type EntryKind, entryNouns, type JsonObject, printable } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError } from 'commander';

import { printStderr } from '../context.js';
import { durationOption } from '../duration.js';
import { listOptions } from '../lists/lists.js';
import { signedIn } from '../saved-sign-ins.js';
import { changeApi, getApi, type Server, serverUrl } from '../server.js';
import { fit } from '../terminal.js';
import { readDocument } from './entry-document.js';

/** Entry of the API. */
interface Entry {
  name: string;
  document: JsonObject;
  source: 'file' | 'managed';
  line: number | null;
  version: number | null;
}

interface Version {
  version: number;
  at: string;
  author: string;
  comment: string | null;
  isDeleted: boolean;
}

/** Options of all commands; each has some of them. */
interface Flags extends Server {
  comment?: string;
  file?: string;
  dryRun?: boolean;
  to?: number;
  inEffect?: boolean;
}

/** Command that lists and changes the entries of a kind. */
export function entriesCommand(kind: EntryKind): (program: Command) => void {
  return (program) => void entryOptions(program.command(kind), kind);
}

/** Makes a command list the entries of a kind, and adds the commands that change them. */
export function entryOptions(command: Command, kind: EntryKind): Command {
  const noun = entryNouns[kind];
  const of = (path: string) => (path === '' ? kind : `${kind}/${encodeURIComponent(path)}`);
  listOptions(command, kind);
  changing(command.command('add'))
    .description(`add a managed ${noun}`)
    .argument('[key=value...]', 'keys as in tidewaiter.yaml: owner=team-shop')
    .option('--file <file>', 'entry in YAML or JSON; - is standard input')
    .option('--dry-run', 'only check it')
    .action(async (assignments: string[], _: object, self: Command) => {
      const flags = await flagsOf(self);
      const document = await readDocument({}, assignments, flags.file);
      if (flags.dryRun) return check(kind, document, flags);
      const { name, version } = await changeApi('POST', kind, { document, ...commented(flags) }, flags, isEntry);
      process.stdout.write(`${printable(name)}\n`);
      printStderr(`added as version ${version}`);
    });
  changing(command.command('edit'))
    .description(`change keys of a managed ${noun}; secrets that are not given stay`)
    .argument('<name>', 'name from the list')
    .argument('[key=value...]', 'keys to change; an empty value removes the key')
    .option('--file <file>', 'whole entry in YAML or JSON in place of the old one; - is standard input')
    .option('--dry-run', 'only check it')
    .action(async (name: string, assignments: string[], _: object, self: Command) => {
      const flags = await flagsOf(self);
      const { document: before, version } = await managed(of(name), flags);
      const document = await readDocument(before, assignments, flags.file);
      if (flags.dryRun) return check(kind, document, flags);
      const body = { document, version, ...commented(flags) };
      const changed = await changeApi('PUT', of(name), body, flags, isEntry);
      printStderr(`${printable(name)}: changed, version ${changed.version}`);
    });
  changing(command.command('remove'))
    .description(`delete a managed ${noun}; undo brings it back`)
    .argument('<name>', 'name from the list')
    .action(async (name: string, _: object, self: Command) => {
      const flags = await flagsOf(self);
      const { version } = await managed(of(name), flags);
      const query = new URLSearchParams({ version: String(version), ...commented(flags) });
      const deleted = await changeApi('DELETE', `${of(name)}?${query.toString()}`, null, flags, isEntry);
      printStderr(`${printable(name)}: deleted, version ${deleted.version}`);
    });
  connected(command.command('history'))
    .description(`list the versions of a managed ${noun}, newest first`)
    .argument('<name>', 'name from the list')
    .action(async (name: string, _: object, self: Command) => {
      const flags = await flagsOf(self);
      for (const version of await versions(of(name), flags)) process.stdout.write(`${historyLine(version)}\n`);
    });
  changing(command.command('undo'))
    .description(`bring back an earlier version of a managed ${noun}`)
    .argument('<name>', 'name from the list')
    .option('--to <number>', 'version to bring back; by default the one before', versionOf)
    .action(async (name: string, _: object, self: Command) => {
      const { to, ...flags } = await flagsOf(self);
      const [newest] = await versions(of(name), flags);
      const body = { version: newest!.version, ...(to !== undefined && { to }), ...commented(flags) };
      const { version } = await changeApi('POST', `${of(name)}/undo`, body, flags, isEntry);
      printStderr(`${printable(name)}: changed back, version ${version}`);
    });
  return command;
}

/** Options of the platform, which commander gives to the command above, as that has them, too. */
export function connected(command: Command): Command {
  return command
    .option('--server <url>', 'the platform; that of `login` unless given', serverUrl)
    .option('--token-file <file>', 'holds an API token of the platform')
    .addOption(durationOption('--timeout <duration>', 'how long each answer may take', '1m'));
}

function changing(command: Command): Command {
  return connected(command).option('--comment <text>', 'reason for the change, for the history');
}

export async function flagsOf(command: Command): Promise<Flags> {
  const flags = command.optsWithGlobals<Flags>();
  return { ...flags, ...(await signedIn(flags)) };
}

function commented({ comment }: Flags): { comment?: string } {
  return comment === undefined ? {} : { comment };
}

/** Prints whether a document would be accepted. Exit code 1 if it would not. */
async function check(kind: EntryKind, document: JsonObject, server: Server): Promise<void> {
  const { name, isValid, problems } = await changeApi('POST', `${kind}/validate`, { document }, server, isCheck);
  if (isValid) return printStderr(`${printable(name)}: valid`);
  for (const problem of problems) process.stdout.write(`${printable(problem)}\n`);
  process.exitCode = 1;
}

/** The entry of a path; the platform refuses to change one of the file. */
async function managed(path: string, server: Server): Promise<Entry & { version: number }> {
  const entry = await getApi(path, server, isEntry);
  return { ...entry, version: entry.version ?? 1 };
}

async function versions(path: string, server: Server): Promise<Version[]> {
  const { items } = await getApi(`${path}/versions`, server, isHistory);
  return items;
}

/** A version as a line of a terminal. */
export function historyLine({ version, at, author, comment, isDeleted }: Version): string {
  const line = [`${version}`, at, author, isDeleted ? 'deleted' : '', comment ?? '']
    .filter((part) => part !== '')
    .map((part) => printable(part))
    .join('  ');
  return fit(line, process.stdout);
}

export function versionOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give the number of a version from `history`.');
}

function isEntry(answer: unknown): answer is Entry {
  const { name, document } = (answer ?? {}) as Partial<Entry>;
  return typeof name === 'string' && typeof document === 'object';
}

export function isHistory(answer: unknown): answer is { items: Version[] } {
  return Array.isArray((answer as { items?: unknown } | undefined)?.items);
}

function isCheck(answer: unknown): answer is { name: string; isValid: boolean; problems: string[] } {
  return Array.isArray((answer as { problems?: unknown } | undefined)?.problems);
}

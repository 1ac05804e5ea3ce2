import { readFile } from 'node:fs/promises';

import { NotFound } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { connected, flagsOf, historyLine, isHistory, versionOf } from '../entries/entries.js';
import { changeApi, getApi, type Server } from '../server.js';

interface Routing {
  text: string | null;
  isRedacted: boolean;
  version: number | null;
  state: 'active' | 'overridden' | 'none';
  files: { text: string; instances: string[] }[];
}

const fileWins = 'not in effect: the notifier has a routing.yaml';

/** Adds the commands that show and change the managed routing of a platform. */
export function managedRoutingCommands(routes: Command): void {
  connected(routes.command('show'))
    .description('print the managed routing')
    .option('--in-effect', 'print the routing.yaml of the notifier where that is in effect, without its secrets')
    .action(async (_: object, self: Command) => {
      const { inEffect = false, ...flags } = await flagsOf(self);
      const { text, isRedacted, state, files } = await getApi('routes', flags, isRouting);
      if (inEffect && files.length > 0) return printFiles(files);
      if (state === 'overridden') printStderr(fileWins);
      if (text === null) return printStderr('there is no managed routing');
      if (isRedacted) printStderr('without comments and secrets');
      printText(text);
    });
  changing(routes.command('set'))
    .description('replace the managed routing by a file')
    .argument('<file>', 'written as routing.yaml, with its secrets in files')
    .action(async (file: string, _: object, self: Command) => {
      const flags = await flagsOf(self);
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        throw new NotFound('ROUTING_MISSING', `${file} cannot be read`, { cause });
      });
      const { version } = await getApi('routes', flags, isRouting);
      const body = { text, ...(version !== null && { version }), ...commented(flags) };
      report(await changeApi('PUT', 'routes', body, flags, isRouting));
    });
  changing(routes.command('remove'))
    .description('delete the managed routing; undo brings it back')
    .action(async (_: object, self: Command) => {
      const flags = await flagsOf(self);
      const { version } = await getApi('routes', flags, isRouting);
      const query = new URLSearchParams({ version: String(version ?? 1), ...commented(flags) });
      report(await changeApi('DELETE', `routes?${query.toString()}`, null, flags, isRouting));
    });
  connected(routes.command('history'))
    .description('list the versions of the managed routing, newest first')
    .action(async (_: object, self: Command) => {
      for (const version of await versions(await flagsOf(self))) process.stdout.write(`${historyLine(version)}\n`);
    });
  changing(routes.command('undo'))
    .description('bring back an earlier version of the managed routing')
    .option('--to <number>', 'version to bring back; by default the one before', versionOf)
    .action(async (_: object, self: Command) => {
      const { to, ...flags } = await flagsOf(self);
      const [newest] = await versions(flags);
      if (!newest) throw new NotFound('ENTRY_UNKNOWN', 'there was no managed routing');
      const body = { version: newest.version, ...(to !== undefined && { to }), ...commented(flags) };
      report(await changeApi('POST', 'routes/undo', body, flags, isRouting));
    });
}

function changing(command: Command): Command {
  return connected(command).option('--comment <text>', 'reason for the change, for the history');
}

function commented({ comment }: { comment?: string }): { comment?: string } {
  return comment === undefined ? {} : { comment };
}

async function versions(server: Server) {
  const { items } = await getApi('routes/versions', server, isHistory);
  return items;
}

function printFiles(files: Routing['files']): void {
  for (const { text, instances } of files) {
    // Notifiers that read different files, as while a change is rolled out.
    if (files.length > 1) printStderr(`${instances.join(', ')}:`);
    printText(text);
  }
}

function printText(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

function report({ text, version, state }: Routing): void {
  printStderr(`version ${String(version)}${text === null ? ', deleted' : ''}`);
  if (state === 'overridden') printStderr(fileWins);
}

function isRouting(answer: unknown): answer is Routing {
  return typeof (answer as Partial<Routing> | undefined)?.state === 'string';
}

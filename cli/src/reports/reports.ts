import { pipeline } from 'node:stream/promises';

import { printable } from '@tidewaiter/domain';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { connected, entryOptions, flagsOf } from '../entries/entries.js';
import { warnOfAge } from '../lists/warn-of-age.js';
import { changeApi, getApi, streamApi } from '../server.js';

interface PrintOptions {
  by: string;
}

interface FixTimesOptions {
  by: string;
  days: string;
  limits?: string;
  repository?: string;
}

/** Command that lists, changes, sends and prints reports of a platform. */
export function reportsCommand(program: Command): void {
  const reports = entryOptions(program.command('reports'), 'reports');
  connected(reports.command('send'))
    .description('make a report now, and send it to its receiver')
    .argument('<name>', 'name from the list')
    .action(async (name: string, _: object, self: Command) => {
      const path = `reports/${encodeURIComponent(name)}/send`;
      const { id } = await changeApi('POST', path, null, await flagsOf(self), isRequested);
      process.stdout.write(`${printable(id)}\n`);
      printStderr(`${printable(name)} is made and sent within seconds`);
    });
  connected(reports.command('print'))
    .description('print what is unfixed now and for how long, as CSV')
    .argument('[query...]', "vulnerabilities: 'severity>=high fixable'")
    .addOption(new Option('--by <grouping>', 'order by').choices(['repository', 'owner']).default('repository'))
    .action(async (query: string[], { by }: PrintOptions, self: Command) => {
      const question = new URLSearchParams({ by, ...(query.length > 0 && { q: query.join(' ') }) });
      await printCsv(`unfixed/export?${question.toString()}`, self);
      // A file of rows has no age; this list is counted by the same evaluation.
      const { asOf } = await getApi('vulnerabilities?limit=1', await flagsOf(self), hasAge);
      warnOfAge(asOf);
    });
  connected(reports.command('fix-times'))
    .description('print how long fixes took, and what is open for longer than its limit, as CSV')
    .addOption(new Option('--by <grouping>', 'order by').choices(['repository', 'owner']).default('repository'))
    .option('--days <count>', 'fixes of the last days', '90')
    .option('--limits <limits>', "days within which to fix, in place of fixLimits: 'critical:15,high:30'")
    .option('--repository <pattern>', "repositories: 'shop/*'")
    .action(async (options: FixTimesOptions, self: Command) => {
      const { by, days, limits, repository } = options;
      const question = {
        by,
        days,
        ...(limits !== undefined && { limits }),
        ...(repository !== undefined && { repository }),
      };
      await printCsv(`fix-times/groups/export?${new URLSearchParams(question).toString()}`, self);
    });
}

async function printCsv(path: string, command: Command): Promise<void> {
  const text = await streamApi(path, await flagsOf(command), new AbortController().signal);
  await pipeline(text, process.stdout, { end: false });
}

function hasAge(answer: unknown): answer is { asOf: string | null } {
  return (answer as { asOf?: unknown } | undefined)?.asOf !== undefined;
}

function isRequested(answer: unknown): answer is { id: string } {
  return typeof (answer as { id?: unknown } | undefined)?.id === 'string';
}

import { pipeline } from 'node:stream/promises';

import { printable } from '@tidewaiter/domain';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { connected, entryOptions, flagsOf } from '../entries/entries.js';
import { changeApi, streamApi } from '../server.js';

interface PrintOptions {
  by: string;
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
      const signal = new AbortController().signal;
      const text = await streamApi(`unfixed/export?${question.toString()}`, await flagsOf(self), signal);
      await pipeline(text, process.stdout, { end: false });
    });
}

function isRequested(answer: unknown): answer is { id: string } {
  return typeof (answer as { id?: unknown } | undefined)?.id === 'string';
}

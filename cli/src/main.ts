import { inspect } from 'node:util';

import { codeEntry, NotFound, printable, TidewaiterError } from '@tidewaiter/domain';
import { CommanderError } from 'commander';

import { environment, printStderr } from './context.js';
import { createProgram } from './program.js';
import { useSourceMaps } from './stack-traces.js';

const exitFailed = 2;
/** @see sysexits(3), EX_USAGE */
const exitUsage = 64;

useSourceMaps();
let unwritten: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error) => (unwritten ??= error));
try {
  const program = await createProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
// A pipe takes 64 KiB at once, and its reader may be slow.
await new Promise((resolve) => process.stdout.write('', resolve));
// The reader of a pipe may end before all is written. On a full disk the report is lost.
if (unwritten && unwritten.code !== 'EPIPE') {
  printStderr(`tidewaiter: standard output cannot be written (${unwritten.code}) [OUTPUT_UNWRITABLE]`);
  process.exitCode ||= exitFailed;
}
// A service that did not end in time still holds the event loop.
process.exit();

function exitCodeOf(error: unknown): number {
  // Commander has printed its own message, and help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
  if (error instanceof TidewaiterError) {
    printStderr(`tidewaiter: ${textOf(error)} [${error.code}]`);
    if (environment['TIDEWAITER_LOG_LEVEL'] === 'debug') printStderr(inspect(error));
  } else if (isOfPlatform(error)) {
    const reason = 'the npm package and the single executable file have no services and no client of their database';
    return exitCodeOf(new NotFound('PLATFORM_NOT_INCLUDED', reason, { cause: error }));
  } else printStderr('tidewaiter: INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  return (error instanceof TidewaiterError ? codeEntry(error.code)?.exit : undefined) ?? exitFailed;
}

/** Whether a module is missing that only a complete installation has. */
function isOfPlatform(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
}

/** Message on one line, except where Tidewaiter wrote line breaks to list several problems. */
function textOf({ code, message }: TidewaiterError): string {
  if (!codeEntry(code)?.isListing) return printable(message);
  const lines = message.split('\n').map((line) => printable(line));
  return lines.join('\n');
}

import { inspect } from 'node:util';

import { printable, TidewaiterError } from '@tidewaiter/domain';
import { CommanderError } from 'commander';

import { environment, printStderr } from './context.js';
import { createProgram } from './program.js';
import { useSourceMaps } from './stack-traces.js';

const exitFailed = 2;
const exitUnsupported = 3;
const exitTimeout = 4;
/** The target does not exist, or cannot be scanned. */
const unsupportedCodes = new Set([
  'FINDING_UNKNOWN',
  'IMAGE_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'NOT_AN_IMAGE',
  'NO_PLATFORM',
  'RECORDING_MISSING',
  'REFERENCE_INVALID',
  'RULES_MISSING',
  'TAG_MISSING',
  'TARGET_MISSING',
]);
/** A verdict may follow, but is not ready yet. */
const timeoutCodes = new Set(['SCAN_TIMEOUT', 'VERDICT_PENDING']);
/**
 * Tidewaiter wrote the line breaks of these messages; in any other message an image or a registry
 * put them there, to forge a line.
 */
const listingCodes = new Set([
  'CONFIG_INVALID',
  'ROUTING_INVALID',
  'SERVER_START_FAILED',
  'SETTINGS_INVALID',
  'UP_FAILED',
]);
/** @see sysexits(3), EX_USAGE */
const exitUsage = 64;

useSourceMaps();
// The reader of a pipe may end before all is written.
process.stdout.on('error', () => undefined);
try {
  const program = await createProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
// A pipe takes 64 KiB at once, and its reader may be slow.
await new Promise((resolve) => process.stdout.write('', resolve));
// A service that did not end in time still holds the event loop.
process.exit();

function exitCodeOf(error: unknown): number {
  // Commander has printed its own message, and help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
  if (error instanceof TidewaiterError) {
    printStderr(`tidewaiter: ${textOf(error)} [${error.code}]`);
    if (environment['TIDEWAITER_LOG_LEVEL'] === 'debug') printStderr(inspect(error));
  } else printStderr('tidewaiter: INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  if (error instanceof TidewaiterError && timeoutCodes.has(error.code)) return exitTimeout;
  return error instanceof TidewaiterError && unsupportedCodes.has(error.code) ? exitUnsupported : exitFailed;
}

/** Message on one line, except for the errors of {@link listingCodes}, which list several problems. */
function textOf({ code, message }: TidewaiterError): string {
  if (!listingCodes.has(code)) return printable(message);
  const lines = message.split('\n').map((line) => printable(line));
  return lines.join('\n');
}

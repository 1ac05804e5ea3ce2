import { inspect } from 'node:util';

import { printable, TidewaiterError } from '@tidewaiter/domain';
import { CommanderError } from 'commander';

import { environment, tell } from './context.js';
import { createProgram } from './program.js';

const exitFailed = 2;
const exitUnsupported = 3;
const exitTimeout = 4;
/** There is no such target, or it is nothing that could be scanned. */
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
/** There may be a verdict, but not yet. */
const timeoutCodes = new Set(['SCAN_TIMEOUT', 'VERDICT_PENDING']);
/** Their lines are ours; a line break in any other message was put there by an image or a registry, to forge a line. */
const listingCodes = new Set([
  'CONFIG_INVALID',
  'ROUTING_INVALID',
  'SERVER_START_FAILED',
  'SETTINGS_INVALID',
  'UP_FAILED',
]);
/** @see sysexits(3), EX_USAGE */
const exitUsage = 64;

// Whoever reads may be gone before all is written.
process.stdout.on('error', () => undefined);
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
// A pipe takes 64 KiB at once, and whoever reads it may be slow.
await new Promise((resolve) => process.stdout.write('', resolve));
// A service that did not end in time still holds the event loop.
process.exit();

function exitCodeOf(error: unknown): number {
  // Commander has printed its own message, and help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
  if (error instanceof TidewaiterError) {
    tell(`tidewaiter: ${textOf(error)} [${error.code}]`);
    if (environment['TIDEWAITER_LOG_LEVEL'] === 'debug') tell(inspect(error));
  } else tell('tidewaiter: INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  if (error instanceof TidewaiterError && timeoutCodes.has(error.code)) return exitTimeout;
  return error instanceof TidewaiterError && unsupportedCodes.has(error.code) ? exitUnsupported : exitFailed;
}

/** On one line, but for errors that list what is wrong with our own files. */
function textOf({ code, message }: TidewaiterError): string {
  if (!listingCodes.has(code)) return printable(message);
  const lines = message.split('\n').map((line) => printable(line));
  return lines.join('\n');
}

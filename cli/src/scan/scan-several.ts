import { codeEntry, printable, TidewaiterError } from '@tidewaiter/domain';

import { printStderr } from '../context.js';
import type { EvaluationOptions } from '../target/image-report.js';
import { type Output, printObstacle, SeveralReports } from '../target/outputs.js';
import type { SharedReaders } from '../target/read-image.js';
import type { ReadingFlags } from '../target/reading-flags.js';
import { scanTarget } from '../target/scan-target.js';
import { VerifiedBlobs } from '../target/verified-blobs.js';

/** Numbers of targets by what became of them. */
export interface ScanOutcome {
  passed: number;
  failed: number;
  /** Scanned without a verdict. */
  undecided: number;
  /** Not scanned, for a reason that was printed. */
  errors: number;
}

/**
 * Scans targets one after the other. Each report is written as soon as it is there, and an error
 * of a target is printed and ends that target alone.
 */
export async function scanSeveral(
  targets: readonly string[],
  flags: ReadingFlags,
  evaluating: EvaluationOptions,
  outputs: readonly Output[],
  isGate: boolean,
): Promise<ScanOutcome> {
  const outcome: ScanOutcome = { passed: 0, failed: 0, undecided: 0, errors: 0 };
  const reports = new SeveralReports(outputs, { isGate });
  const readers: SharedReaders = { verified: new VerifiedBlobs() };
  const distinct = [...new Set(targets)];
  try {
    for (const [index, target] of distinct.entries()) {
      // The reader of the pipe is gone.
      if (process.stdout.destroyed) break;
      const scanned = await orError(target, () => scanTarget(target, flags, evaluating, readers));
      if (!scanned) {
        outcome.errors += 1;
        continue;
      }
      await reports.write(scanned.report, index + 1);
      if (isGate) printObstacle(scanned.report, outputs);
      outcome[countOf[scanned.report.verdict.result]] += 1;
    }
  } finally {
    await readers.processes?.close();
  }
  if (!flags.quiet) printStderr(summary(distinct.length, outcome, isGate));
  return outcome;
}

const countOf = { pass: 'passed', fail: 'failed', unknown: 'undecided' } as const;

async function orError<T>(target: string, scan: () => Promise<T>): Promise<T | undefined> {
  try {
    return await scan();
  } catch (error) {
    const { code, message } =
      error instanceof TidewaiterError
        ? error
        : { code: 'INTERNAL', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    const text = codeEntry(code)?.isListing ? message.split('\n').map((line) => printable(line)) : [printable(message)];
    printStderr(`tidewaiter: ${printable(target)}: ${text.join('\n')} [${code}]`);
    return undefined;
  }
}

function summary(targets: number, { passed, failed, undecided, errors }: ScanOutcome, isGate: boolean): string {
  const scanned = passed + failed + undecided;
  const counts = [`${targets} targets`, `${scanned} scanned`, ...(errors > 0 ? [`${errors} not scanned`] : [])];
  if (isGate) counts.push(`${passed} passed`, `${failed} failed`, `${undecided} without verdict`);
  return counts.join(', ');
}

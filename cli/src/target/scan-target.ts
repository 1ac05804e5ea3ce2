import { join } from 'node:path';

import type { AnalysisOptions } from '@tidewaiter/analyzers';
import { Unavailable } from '@tidewaiter/domain';
import type { ComparedLayer } from '@tidewaiter/integrity';
import type { ImageConfig } from '@tidewaiter/oci';
import type { Report } from '@tidewaiter/reports';
import { limitsIn } from '@tidewaiter/sandbox';

import { cacheDir as cacheFolder } from '../cache-dir.js';
import { environment } from '../context.js';
import { scanKey } from '../fingerprint-key.js';
import { withScheme } from '../sources/bare-path.js';
import { openSource } from '../sources/sources.js';
import { type EvaluationOptions, reportOf } from './image-report.js';
import { ScanProgress } from './progress.js';
import { readImage } from './read-image.js';
import type { ReadingFlags } from './reading-flags.js';

/** A scanned target, with data that its report leaves out. */
export interface ScannedTarget {
  report: Report;
  config: ImageConfig | null;
  /** From the bottom up. */
  layers: readonly ComparedLayer[];
}

/**
 * Reads and evaluates one target; `needsDigests` where its files are compared with others.
 * @throws TidewaiterError with a stable code for every expected failure; `SCAN_TIMEOUT` after
 * `--timeout`
 */
export async function scanTarget(
  named: string,
  flags: ReadingFlags,
  evaluating: EvaluationOptions,
  needsDigests = false,
): Promise<ScannedTarget> {
  const target = await withScheme(named);
  const timeout = AbortSignal.timeout(flags.timeout);
  const late = Promise.withResolvers<never>();
  const tooLate = (cause?: unknown) =>
    new Unavailable('SCAN_TIMEOUT', `${target}: no verdict within ${flags.timeout / 1000} s`, { cause });
  timeout.addEventListener('abort', () => late.reject(tooLate()));
  try {
    // Some readers ignore the signal; the process ends with the command.
    return await Promise.race([scanWith(target, flags, evaluating, needsDigests, timeout), late.promise]);
  } catch (error) {
    throw timeout.aborted ? tooLate(error) : error;
  }
}

async function scanWith(
  target: string,
  { platform, quiet, insecure, offline, cacheDir }: ReadingFlags,
  evaluating: EvaluationOptions,
  needsDigests: boolean,
  signal: AbortSignal,
): Promise<ScannedTarget> {
  const startedAt = new Date();
  const source = await openSource(target, {
    ...(platform !== undefined && { platform }),
    isInsecure: insecure ?? false,
    isOffline: offline ?? false,
    signal,
  });
  const progress = new ScanProgress(target, source.layers.length, quiet ?? false);
  try {
    const analysis = await analysisFor(evaluating, needsDigests);
    const read = await readImage(source, join(cacheFolder(cacheDir), 'layers'), analysis, progress, signal);
    const report = await reportOf(target, source, read, startedAt, analysis, evaluating);
    const layers = read.layers.map(({ entries, facts: { hosts } }, index) => {
      const isRead = !read.unread.some((layer) => layer.index === index);
      return {
        diffId: source.layers[index]?.diffId ?? null,
        entries: isRead ? entries : null,
        ...(hosts && { hosts }),
      };
    });
    return { report, config: source.config, layers };
  } finally {
    progress.end();
    await source.close();
  }
}

/** Options of the layer analysis, limited to the requested kinds of findings. */
async function analysisFor({ kinds }: EvaluationOptions, needsDigests: boolean): Promise<AnalysisOptions> {
  const isInspected =
    needsDigests || (['integrity', 'malware', 'supply-chain'] as const).some((kind) => kinds.has(kind));
  const { facts } = limitsIn(environment);
  const limits = Object.keys(facts).length > 0 ? { factLimits: facts } : {};
  return { isInspected, ...(kinds.has('secret') && { secretKey: await scanKey() }), ...limits };
}

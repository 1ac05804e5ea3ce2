import { type TidewaiterError, Unavailable } from '@tidewaiter/domain';
import type { ComparedLayer } from '@tidewaiter/integrity';
import type { ImageConfig } from '@tidewaiter/oci';
import type { Report } from '@tidewaiter/reports';

import { cacheDir as cacheFolder } from '../cache-dir.js';
import { scanKey } from '../fingerprint-key.js';
import { withScheme } from '../sources/bare-path.js';
import { openSource } from '../sources/sources.js';
import { buildDigest } from './build-digest.js';
import { evaluatedReport } from './evaluated-report.js';
import type { EvaluationOptions } from './image-report.js';
import { ScanProgress } from './progress.js';
import type { SharedReaders } from './read-image.js';
import type { ReadingFlags } from './reading-flags.js';
import type { ImageToScan } from './scan-image.js';

/** A scanned target. */
export interface ScannedTarget {
  report: Report;
  config: ImageConfig | null;
}

/** A scanned target with its files. */
export interface ComparedTarget extends ScannedTarget {
  /** From the bottom up. */
  layers: readonly ComparedLayer[];
}

/**
 * Reads and evaluates one target. An image that was evaluated before in the same way is answered
 * from the cache.
 * @param readers processes that outlive this target, for the next one
 * @throws TidewaiterError with a stable code for every expected failure; `SCAN_TIMEOUT` after
 * `--timeout`
 */
export async function scanTarget(
  named: string,
  flags: ReadingFlags,
  evaluating: EvaluationOptions,
  readers?: SharedReaders,
): Promise<ScannedTarget> {
  return withSource(named, flags, { needsDigests: false, readers }, async (image) => {
    const { config } = image.source;
    return { config, report: await evaluatedReport(image, evaluating, buildDigest) };
  });
}

/** As {@link scanTarget}, with the files of every layer. */
export async function scanFiles(
  named: string,
  flags: ReadingFlags,
  evaluating: EvaluationOptions,
): Promise<ComparedTarget> {
  return withSource(named, flags, { needsDigests: true, readers: undefined }, async (image) => {
    const { scanImage } = await import('./scan-image.js');
    const { report, layers } = await scanImage(image, evaluating);
    return { report, layers, config: image.source.config };
  });
}

async function withSource<T>(
  named: string,
  { platform, quiet, insecure, offline, cacheDir, timeout: timeoutMs }: ReadingFlags,
  { needsDigests, readers }: Pick<ImageToScan, 'needsDigests' | 'readers'>,
  scan: (image: ImageToScan) => Promise<T>,
): Promise<T> {
  const target = await withScheme(named);
  const signal = AbortSignal.timeout(timeoutMs);
  const late = Promise.withResolvers<never>();
  const tooLate = (cause?: unknown): TidewaiterError =>
    new Unavailable('SCAN_TIMEOUT', `${target}: no verdict within ${timeoutMs / 1000} s`, { cause });
  signal.addEventListener('abort', () => late.reject(tooLate()));
  const opened = async () => {
    const startedAt = new Date();
    const options = { ...(platform !== undefined && { platform }), isInsecure: insecure ?? false };
    const source = await openSource(target, { ...options, isOffline: offline ?? false, signal });
    const progress = new ScanProgress(target, source.layers.length, quiet ?? false);
    const place = { cacheDir: cacheFolder(cacheDir), secretKey: await scanKey() };
    try {
      return await scan({ target, source, startedAt, needsDigests, readers, progress, signal, ...place });
    } finally {
      progress.end();
      await source.close();
    }
  };
  try {
    // Some readers ignore the signal; the process ends with the command.
    return await Promise.race([opened(), late.promise]);
  } catch (error) {
    throw signal.aborted ? tooLate(error) : error;
  }
}

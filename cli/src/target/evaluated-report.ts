import { join } from 'node:path';

import type { Report } from '@tidewaiter/reports';

import { environment } from '../context.js';
import type { ImageSource } from '../sources/image-source.js';
import type { EvaluationOptions } from './image-report.js';
import { ReportCache } from './report-cache.js';
import { reportKey } from './report-key.js';
import type { ImageToScan } from './scan-image.js';
import { VerifiedBlobs } from './verified-blobs.js';

/**
 * Report of an image: the cached one of the same inputs, else a new one, which is then cached.
 * @param program digest of the code that runs; without it, nothing is cached
 */
export async function evaluatedReport(
  image: ImageToScan,
  evaluating: EvaluationOptions,
  program: string | undefined,
): Promise<Report> {
  const { target, source, startedAt, secretKey } = image;
  const inputs = { target, source, evaluating, secretKey, environment, now: startedAt };
  const key = program === undefined ? null : reportKey({ program: [program, process.version], ...inputs });
  const cache = new ReportCache(join(image.cacheDir, 'reports'), secretKey);
  const known = key === null ? null : cache.get(key, startedAt);
  if (known !== null && (await areIntact(image))) return withoutReading(known, image);
  const { scanImage } = await import('./scan-image.js');
  const { report, until } = await scanImage(image, evaluating);
  if (key !== null && until !== null) cache.put(key, report, { from: startedAt, until });
  return report;
}

/** Whether the blobs on this machine are still those that the report is about. */
async function areIntact({ source, readers }: ImageToScan): Promise<boolean> {
  const verified = readers?.verified ?? new VerifiedBlobs();
  try {
    for (const layer of source.layers) await verified.verify(layer);
    return true;
  } catch {
    // The scan names the layer.
    return false;
  }
}

/** The report that a scan gives when it finds every layer in its cache. */
function withoutReading(report: Report, { source, startedAt }: { source: ImageSource; startedAt: Date }): Report {
  const layers = new Set(source.layers.map(({ digest, diffId }) => `${digest} ${diffId}`));
  const stats = {
    ...report.stats,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    bytesRead: 0,
    layersAnalyzed: 0,
    layersFromCache: layers.size,
  };
  return { ...report, stats };
}

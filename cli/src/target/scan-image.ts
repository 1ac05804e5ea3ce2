import type { AnalysisOptions } from '@tidewaiter/analyzers';
import type { ComparedLayer } from '@tidewaiter/integrity';
import { limitsIn } from '@tidewaiter/sandbox';

import { environment } from '../context.js';
import { type DatedEvaluation, type EvaluationOptions, reportOf } from './image-report.js';
import { type ImageToRead, readImage } from './read-image.js';

/** An opened target, and how to scan it. */
export interface ImageToScan extends ImageToRead {
  /** As the user named it. */
  target: string;
  startedAt: Date;
  /** Key of the fingerprints of secrets. */
  secretKey: Uint8Array;
  /** Whether the files are compared with those of another image. */
  needsDigests: boolean;
}

/** A read and evaluated image, with data that its report leaves out. */
export interface ReadAndEvaluated extends DatedEvaluation {
  /** From the bottom up. */
  layers: readonly ComparedLayer[];
}

/** Reads and evaluates an image, whatever is known of it beyond its layers. */
export async function scanImage(image: ImageToScan, evaluating: EvaluationOptions): Promise<ReadAndEvaluated> {
  const { target, source, startedAt } = image;
  const analysis = analysisFor(image, evaluating);
  const read = await readImage(image, analysis);
  const { report, until } = await reportOf(target, source, read, startedAt, analysis, evaluating);
  const layers = read.layers.map(({ entries, facts: { hosts } }, index) => {
    const isRead = !read.unread.some((layer) => layer.index === index);
    return {
      diffId: source.layers[index]?.diffId ?? null,
      entries: isRead ? entries : null,
      ...(hosts && { hosts }),
    };
  });
  // A layer that could not be read may be readable the next time.
  return { report, layers, until: read.unread.length === 0 ? until : null };
}

/** Options of the layer analysis, limited to the requested kinds of findings. */
function analysisFor(
  { needsDigests, secretKey }: ImageToScan,
  { kinds }: Pick<EvaluationOptions, 'kinds'>,
): AnalysisOptions {
  const isInspected =
    needsDigests || (['integrity', 'malware', 'supply-chain'] as const).some((kind) => kinds.has(kind));
  const { facts } = limitsIn(environment);
  const limits = Object.keys(facts).length > 0 ? { factLimits: facts } : {};
  return { isInspected, ...(kinds.has('secret') && { secretKey }), ...limits };
}

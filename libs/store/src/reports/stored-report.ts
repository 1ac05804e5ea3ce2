import type { SourceDate } from '@tidewaiter/advisories';
import { countFindings, type ImagePackage } from '@tidewaiter/domain';
import type { ImageEvaluation } from '@tidewaiter/policy';
import type { Report } from '@tidewaiter/reports';

import type { ImageFinding } from '../images/findings.js';
import type { Image } from '../images/images.js';
import type { Push } from '../images/pushes/pushes.js';

/** A stored image with its layers and packages. */
export interface StoredContents {
  push: Push;
  image: Image;
  layers: Report['layers'];
  packages: readonly ImagePackage[];
  advisoriesAsOf: string | null;
  advisorySources: SourceDate[];
}

/**
 * Report of one image of an evaluated push, under the requested name. Its time is that of the
 * analysis, so that the same image, findings and data give the same document.
 */
export function storedReport(
  reference: string,
  { push, image, layers, packages, advisoriesAsOf, advisorySources }: StoredContents,
  { findings, suppressed, policies, verdict, warnings }: ImageEvaluation<ImageFinding>,
): Report {
  const isOwn = ({ imageDigest }: ImageFinding) => imageDigest === image.digest;
  const own = findings.filter(isOwn);
  const { digest, mediaType, platform, configDigest, os } = image;
  return {
    schemaVersion: 1,
    target: { reference, digest, mediaType, platform, configDigest },
    os,
    layers,
    packages: [...packages],
    findings: own,
    counts: countFindings(own),
    suppressed: suppressed.filter(isOwn),
    provenance: null,
    warnings: warnings.map(({ code, path, message }) => ({ code, path: path ?? null, message })),
    policies,
    verdict,
    stats: {
      startedAt: (image.analyzedAt ?? push.receivedAt).toISOString(),
      durationMs: 0,
      files: 0,
      bytesRead: 0,
      layersAnalyzed: 0,
      layersFromCache: layers.length,
      advisoriesAsOf,
      advisorySources,
    },
  };
}

import { type Finding, isDistributionType, type PackageType } from '@tidewaiter/domain';

import { integrityFinding } from '../checks/integrity-finding.js';
import { bits, isLibrary } from '../files/file-kinds.js';
import type { EvaluatedImage } from '../image/evaluated-image.js';

/** Program or library of a distribution package in an image. */
export interface PackageContent {
  type: PackageType;
  package: string;
  version: string;
  path: string;
  layer: number;
  /** Hex. */
  sha256: string;
}

/** Content of most other images at this path, for the same package and version. */
export interface Consensus {
  /** Hex. */
  expected: string;
  /** Number of known images with the expected content, and with this one, counted up to a limit. */
  others: number;
  alike: number;
}

/** Limit on programs and libraries of one image: more would add cost but no better consensus. */
const maxContents = 20_000;

/**
 * Programs and libraries of an image that exactly one package owns. The same package has the same
 * bytes in every image, whatever its database records. Configuration, documentation and scripts
 * without an execute bit are left out, as users edit them.
 */
export function packageContents({ ownership, tree, versionOf }: EvaluatedImage): PackageContent[] {
  const contents: PackageContent[] = [];
  for (const [path, [claim, ...others]] of ownership.claims) {
    if (!claim || others.length > 0 || claim.role !== undefined || !isDistributionType(claim.type)) continue;
    const found = tree.shown.get(path);
    if (found?.entry.type !== 'file' || !isRun(found.entry)) continue;
    const sha256 = tree.digestOf(found, 'sha256');
    const version = versionOf(claim);
    if (sha256 === undefined || version === null) continue;
    contents.push({ type: claim.type, package: claim.package, version, path, layer: found.layer, sha256 });
    if (contents.length === maxContents) break;
  }
  return contents;
}

function isRun({ path, mode }: { path: string; mode: number }): boolean {
  return isLibrary(path) || (mode & bits.execute) !== 0;
}

/** Finding for a file that differs from the consensus of other images. */
export function outlierFinding(odd: PackageContent, { expected, others, alike }: Consensus): Finding {
  return integrityFinding({
    id: 'package-file-outlier',
    severity: 'high',
    title: 'Package file differs from other images',
    path: odd.path,
    layer: odd.layer,
    packageName: odd.package,
    installedVersion: odd.version,
    confidence: 'likely',
    evidence: {
      expected: `sha256:${expected}`,
      actual: `sha256:${odd.sha256}`,
      imagesWithExpected: others,
      imagesWithActual: alike,
    },
  });
}

import { type Finding, isDistributionType, type PackageType } from '@tidewaiter/domain';

import { bits, isLibrary } from './file-kinds.js';
import { integrityFinding } from './integrity-finding.js';
import type { JudgedImage } from './judged-image.js';

/** A program or library of a package of the distribution, as an image has it. */
export interface PackageContent {
  type: PackageType;
  package: string;
  version: string;
  path: string;
  layer: number;
  /** Hex. */
  sha256: string;
}

/** What most other images have in its place, of the same package at the same version. */
export interface Consensus {
  /** Hex. */
  expected: string;
  /** How many images are known to have that, and how many this; counted no further than needed. */
  others: number;
  alike: number;
}

/** Programs and libraries that one image can have: more make no fleet's consensus, but its cost. */
const maxContents = 20_000;

/**
 * What an image's packages brought that is run or loaded, where exactly one package has it. The same package is the same bytes in
 * every image, whatever its own database says; configuration, documentation and scripts people do edit.
 */
export function packageContents({ ownership, tree, versionOf }: JudgedImage): PackageContent[] {
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

/** The odd one out of a fleet. */
export function outlierFinding(odd: PackageContent, { expected, others, alike }: Consensus): Finding {
  return integrityFinding({
    id: 'package-file-outlier',
    severity: 'high',
    title: 'File of a package differs from the same package in other images',
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

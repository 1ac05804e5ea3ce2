import { Injectable } from '@nestjs/common';
import type { Digest, Finding, ImagePackage } from '@tidewaiter/domain';
import { outlierFinding, type PackageContent } from '@tidewaiter/integrity';
import { type PackageFile, PackageContents, type Transaction } from '@tidewaiter/store';

/** Compares the files of an image's packages with those of the same packages in other images. */
@Injectable()
export class PackageOutliers {
  constructor(private readonly contents: PackageContents) {}

  async find(
    tx: Transaction,
    image: Digest,
    packages: readonly ImagePackage[],
    contents: readonly PackageContent[],
  ): Promise<Finding[]> {
    const files = fleetFiles(packages, contents);
    const odd = await this.contents.compare(
      tx,
      image,
      files.map(({ file }) => file),
    );
    const byFile = new Map(files.map(({ file, content }) => [`${file.purl} ${file.path}`, content]));
    return odd.flatMap((each) => {
      const content = byFile.get(`${each.purl} ${each.path}`);
      return content ? [outlierFinding(content, each)] : [];
    });
  }
}

/**
 * Adds the purl, which has the architecture. Skips a name that two packages of the image share, as
 * it identifies neither.
 */
export function fleetFiles(
  packages: readonly ImagePackage[],
  contents: readonly PackageContent[],
): { file: PackageFile; content: PackageContent }[] {
  const purls = Map.groupBy(
    packages.filter(({ state }) => state === 'present'),
    ({ type, name, version }) => `${type} ${name} ${version}`,
  );
  return contents.flatMap((content) => {
    const [only, ...others] = purls.get(`${content.type} ${content.package} ${content.version}`) ?? [];
    if (!only || others.some(({ purl }) => purl !== only.purl)) return [];
    return [{ file: { purl: only.purl, path: content.path, sha256: content.sha256 }, content }];
  });
}

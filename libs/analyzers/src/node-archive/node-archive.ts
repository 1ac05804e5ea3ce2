import { type PackageRecord, TidewaiterError } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { attachedEntries } from '../attached-archive.js';
import { readText } from '../document.js';
import { installedLibraries } from '../library-package.js';
import { nodePackage } from '../node-package/node-package.js';
import { readManifest } from '../npm-manifest.js';
import { collectPackages, oneLine } from '../package-database.js';
import { yarnCache } from '../yarn-cache/yarn-cache.js';
import type { ZipEntry } from '../zip.js';

const maxManifestBytes = 4 << 20;
const maxTotalBytes = 256 << 20;
const noHead = new Uint8Array();
/** Published packages, which are installed before they run. */
const published = /\.(?:whl|nupkg)$/;

/**
 * npm packages in the `node_modules` of a ZIP archive: functions of AWS Lambda and Azure,
 * extensions of editors, web archives of Java.
 */
export const nodeArchive: Analyzer = {
  name: 'node-archive',
  version: 1,
  maxBytes: Infinity,
  wants: (path, head) => head[0] === 0x50 && head[1] === 0x4b && !published.test(path) && !yarnCache.wants(path, head),
  analyze: ({ path, content }) => {
    const manifests = attachedEntries(content, { maxTotalBytes, maxEntryBytes: maxManifestBytes }).filter(({ name }) =>
      nodePackage.wants(name, noHead),
    );
    return manifests.length === 0 ? {} : collectPackages(packagesIn(manifests, path));
  },
};

function* packagesIn(manifests: readonly ZipEntry[], path: string): Generator<PackageRecord | 'unreadable'> {
  for (const manifest of manifests) {
    try {
      const library = readManifest(readText(manifest.read()));
      yield* installedLibraries('npm', `${path}!/${oneLine(manifest.name)}`, [library]).packages ?? [];
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      yield 'unreadable';
    }
  }
}

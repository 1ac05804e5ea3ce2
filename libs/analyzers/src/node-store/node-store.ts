import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer, FileFacts, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { installedLibraries } from '../library-package.js';
import { nodePackage } from '../node-package/node-package.js';
import { readManifest } from '../npm-manifest.js';

const modules = 'node_modules/';

/**
 * Manifests of npm packages in a store of any folder, and of everything else with a
 * `package.json`: they count only if a link in `node_modules` leads to their folder.
 */
export const nodeStore: Analyzer = {
  name: 'node-store',
  version: 1,
  wants: (path, head) => path.endsWith('/package.json') && isStore(path) && !nodePackage.wants(path, head),
  analyze: readStored,
};

/** Outside `node_modules`, or in a folder there that is no package. */
function isStore(path: string): boolean {
  const inner = path.lastIndexOf(modules);
  return inner === -1 || path[inner + modules.length] === '.';
}

/** Node.js loads no package whose manifest is malformed. */
function readStored({ path, content }: SourceFile): FileFacts {
  try {
    const { packages = [] } = installedLibraries('npm', path, [readManifest(readText(content))]);
    return packages.length === 0 ? {} : { packages };
  } catch (error) {
    if (error instanceof MalformedFile) return {};
    throw error;
  }
}

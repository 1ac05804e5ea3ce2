import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { installedLibraries, type LibraryEntry } from '../library-package.js';
import { readManifest } from '../npm-manifest.js';
import { zipEntries } from '../zip.js';

// Cache of a project (`.yarn/cache`) or a user (`.yarn/berry/cache`):
// `lodash-npm-4.17.21-6382451519-c08619c038.zip`.
const archive = /(?:^|\/)\.yarn\/(?:berry\/)?cache\/[^/]{1,255}\.zip$/;
// Manifest of the package itself, not of packages bundled in it.
const manifest = /^node_modules\/(?:@[^/]{1,255}\/)?[^/]{1,255}\/package\.json$/;

/**
 * Packages that Plug'n'Play loads from Yarn's archives; unpacked packages (`.yarn/unplugged`) have
 * their own `node_modules`. The archives, not `.pnp.cjs`, show which packages are present.
 * @see https://yarnpkg.com/features/pnp
 */
export const yarnCache: Analyzer = {
  name: 'yarn-cache',
  maxBytes: Infinity,
  version: 1,
  wants: (path, head) => path.endsWith('.zip') && archive.test(path) && head[0] === 0x50 && head[1] === 0x4b,
  analyze: (file) => installedLibraries('npm', file.path, [readArchive(file)]),
};

function readArchive({ content }: SourceFile): LibraryEntry {
  const entry = zipEntries(content).find(({ name }) => manifest.test(name));
  if (!entry) throw new MalformedFile('an archive of Yarn without package.json');
  return readManifest(readText(entry.read()));
}

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { installedLibraries } from '../library-package.js';
import { isUnpublished, readManifest } from '../npm-manifest.js';

// Folder of a package; a folder name that starts with a dot is no package name (`.pnpm`, `.bin`).
const manifest = /(?:^|\/)node_modules\/(?:@[^/]{1,255}\/)?[^/@.][^/]{0,255}\/package\.json$/;
// The official images of Node unpack Yarn beside npm's folder; Corepack keeps package managers in
// one of its own.
const packageManager =
  /(?:^|\/)(?:yarn-v\d[^/]{0,63}|corepack\/(?:v1\/)?(?:npm|pnpm|yarn)\/\d[^/]{0,63})\/package\.json$/;

// Bun's global cache holds a folder for each package: `react@19.1.0@@@1`, `@types/node@22.1.0@@@1`.
const bunCache = /(?:^|\/)\.bun\/install\/cache\/(?:@[^/@]{1,255}\/)?[^/@.][^/@]{0,255}@\d[^/]{0,255}\/package\.json$/;

// Deno's cache has the packages of npm by host of the registry, name and version.
const denoCache =
  /(?:^|\/)npm\/(?:localhost|(?:[a-z0-9-]{1,63}\.){1,8}[a-z0-9-]{1,63})(?:_\d{1,5})?\/(?:@[^/]{1,255}\/)?[^/@.][^/]{0,255}\/\d[^/]{0,255}\/package\.json$/;

/**
 * Packages that npm, Yarn, pnpm, Bun or Deno installed. @see
 * https://docs.npmjs.com/cli/configuring-npm/package-json
 */
export const nodePackage: Analyzer = {
  name: 'node-package',
  version: 5,
  wants: (path) =>
    path.endsWith('/package.json') &&
    ((manifest.test(path) && !isTestData(path)) ||
      packageManager.test(path) ||
      bunCache.test(path) ||
      denoCache.test(path)),
  analyze: ({ path, content }) => {
    const text = readText(content);
    const library = readManifest(text);
    const isPrivate = isUnpublished(text);
    return {
      ...installedLibraries('npm', path, [library]),
      ...(isPrivate && { isUnpublished: true }),
      // npm installs none, but Node.js loads it.
      ...(library === undefined && !isPrivate && { unread: 'package of npm without name or version' }),
    };
  },
};

const testFolders = new Set(['test', 'tests', '__tests__', 'testdata', 'fixture', 'fixtures', '__fixtures__']);

/** Whether the innermost `node_modules` belongs to a package's tests, which are never loaded. */
function isTestData(path: string): boolean {
  const segments = path.split('/');
  const inner = segments.lastIndexOf('node_modules');
  for (let index = segments.indexOf('node_modules') + 2; index < inner; index += 1) {
    const parent = segments[index - 1]!;
    if (testFolders.has(segments[index]!) && parent !== 'node_modules' && !parent.startsWith('@')) return true;
  }
  return false;
}

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * npm packages locked by Deno. @see https://docs.deno.com/runtime/fundamentals/modules/
 * "Integrity Checking and Lock Files"
 */
export const denoLock: Analyzer = {
  name: 'deno-lock',
  version: 1,
  wants: (path) => isLockFile(path, 'deno.lock'),
  analyze: ({ path, content }) => {
    const { npm, packages } = objectOf(readJson(content));
    // Version 3 had them one level deeper, version 2 in a list of packages of `npm`.
    const entries = npm ?? objectOf(packages)['npm'];
    const { packages: ofVersion2 = entries } = objectOf(entries);
    return declaredLibraries('npm', path, Object.keys(objectOf(ofVersion2)).map(readKey));
  },
};

/** `@scope/name@1.0.0`, with the peers of a package behind it: `react-dom@18.2.0_react@18.2.0`. */
function readKey(key: string): LibraryEntry {
  const [, name, version] = /^(@?[^@]{1,256})@([^_@]{1,256})/.exec(key) ?? [];
  return name === undefined || version === undefined ? 'unreadable' : { name, version };
}

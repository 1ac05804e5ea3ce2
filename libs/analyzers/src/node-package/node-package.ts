import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, parseJson, readText } from '../document.js';
import { installedLibraries, licensesOf, type LibraryEntry } from '../library-package.js';

// A package's own folder; the name of the folder is no package's name where it starts with a dot (`.pnpm`, `.bin`).
const manifest = /(?:^|\/)node_modules\/(?:@[^/]{1,255}\/)?[^/@.][^/]{0,255}\/package\.json$/;
// The official images of Node unpack Yarn beside npm's folder; Corepack keeps package managers in one of its own.
const packageManager =
  /(?:^|\/)(?:yarn-v\d[^/]{0,63}|corepack\/(?:v1\/)?(?:npm|pnpm|yarn)\/\d[^/]{0,63})\/package\.json$/;

/** Packages that npm, Yarn, pnpm or Bun installed. @see https://docs.npmjs.com/cli/configuring-npm/package-json */
export const nodePackage: Analyzer = {
  name: 'node-package',
  version: 1,
  wants: (path) =>
    path.endsWith('/package.json') && ((manifest.test(path) && !isTestData(path)) || packageManager.test(path)),
  analyze: ({ path, content }) => installedLibraries('npm', path, [readManifest(readText(content))]),
};

const testFolders = new Set(['test', 'tests', '__tests__', 'testdata', 'fixture', 'fixtures', '__fixtures__']);

/** Whether the innermost `node_modules` belongs to the tests of a package, which nobody installs or loads. */
function isTestData(path: string): boolean {
  const segments = path.split('/');
  const inner = segments.lastIndexOf('node_modules');
  for (let index = segments.indexOf('node_modules') + 2; index < inner; index += 1) {
    const parent = segments[index - 1]!;
    if (testFolders.has(segments[index]!) && parent !== 'node_modules' && !parent.startsWith('@')) return true;
  }
  return false;
}

function readManifest(text: string): LibraryEntry {
  const { name, version, license, licenses } = objectOf(parseManifest(text));
  // Folders below a package say `{"type":"module"}`, and private packages have no version.
  if (name === undefined || version === undefined) return undefined;
  if (typeof name !== 'string' || typeof version !== 'string') return 'unreadable';
  return { name: name.trim(), version: cleanVersion(version), licenses: licensesOf(license ?? licenses ?? []) };
}

/** npm reads `v1.2.3` and ` =1.2.3` as 1.2.3. */
function cleanVersion(version: string): string {
  return version.trim().replace(/^[=v]{1,2} {0,4}(?=\d)/, '');
}

/** Publishers' tools have left zeros and second brackets behind the manifest. */
function parseManifest(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const end = endOfObject(text);
    if (!(error instanceof MalformedFile) || end === -1 || text.slice(end).trim() === '') throw error;
    return parseJson(text.slice(0, end));
  }
}

/** Where the first object of the text ends, or -1. */
function endOfObject(text: string): number {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const found = text.charAt(index);
    if (isInString) {
      if (found === '\\') index += 1;
      else if (found === '"') isInString = false;
    } else if (found === '"') isInString = true;
    else if (found === '{') depth += 1;
    else if (found === '}' && --depth === 0) return index + 1;
  }
  return -1;
}

import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { blockLines } from '../block-mapping.js';
import { readText } from '../document.js';
import { gitSource } from '../git-source.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';
import { linesOf } from '../package-database.js';

/** Packages locked by Yarn; neither of the two formats marks development dependencies. */
export const yarnLock: Analyzer = {
  name: 'yarn-lock',
  version: 2,
  wants: (path) => isLockFile(path, 'yarn.lock'),
  analyze: ({ path, content }) => declaredLibraries('npm', path, readLock(readText(content))),
};

function readLock(text: string): Iterable<LibraryEntry> {
  if (/^__metadata:/m.test(text)) return readBerry(text);
  // Yarn 1 always writes the same first two lines; merges and manual edits may have dropped them.
  if (text.includes('# yarn lockfile v1') || /^ {2}version "/m.test(text) || text.trim() === '')
    return readClassic(text);
  throw new MalformedFile('no lock file of Yarn');
}

/** @see https://classic.yarnpkg.com/en/docs/yarn-lock */
function* readClassic(text: string): Generator<LibraryEntry> {
  let pattern = '';
  let entry: LibraryEntry;
  for (const line of linesOf(text)) {
    if (/^["@\w].{0,65536}:\s?$/.test(line)) pattern = firstPattern(line);
    const [, version] = /^ {2}version "?([^"]{1,256})"?\s?$/.exec(line) ?? [];
    if (version !== undefined) {
      yield entry;
      entry = readEntry(pattern, version);
    }
    // Yarn writes it below the version.
    const [, from] = /^ {2}resolved "?([^"\s]{1,2048})"?\s?$/.exec(line) ?? [];
    if (from !== undefined && typeof entry === 'object') entry = { ...entry, ...gitSource(from) };
  }
  yield entry;
}

/** First pattern of a line such as `"@babel/core@^7.0.0", "@babel/core@^7.1.0":`. */
function firstPattern(line: string): string {
  return line.startsWith('"') ? line.slice(1, line.indexOf('"', 1)) : line.slice(0, line.search(/[,:]\s|:$/));
}

function readEntry(pattern: string, version: string): LibraryEntry {
  const at = pattern.indexOf('@', 1);
  if (at === -1) return 'unreadable';
  const range = pattern.slice(at + 1);
  if (/^(?:file|link|portal|workspace):|^\.{0,2}\//.test(range)) return undefined;
  const [, aliased] = /^npm:(@?[^@]{1,256})@/.exec(range) ?? [];
  return { name: aliased ?? pattern.slice(0, at), version };
}

/** @see https://yarnpkg.com/protocols for the part after the name in a resolution */
function* readBerry(text: string): Generator<LibraryEntry> {
  let version = '';
  for (const { keys, value } of blockLines(text)) {
    if (keys.length === 1) version = '';
    if (keys.length !== 2 || keys[0] === '__metadata') continue;
    if (keys[1] === 'version') version = value;
    if (keys[1] === 'resolution') yield readResolution(value, version);
  }
}

function readResolution(resolution: string, version: string): LibraryEntry {
  const at = resolution.indexOf('@', 1);
  if (at === -1) return 'unreadable';
  const from = resolution.slice(at + 1);
  const isOwn = /^(?:workspace|link|portal|file|exec):/.test(from);
  return isOwn ? undefined : { name: resolution.slice(0, at), version, ...gitSource(from) };
}

import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { blockLines } from '../block-mapping.js';
import { readText } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * Packages of pub.dev and similar servers locked by Dart and Flutter. @see
 * https://dart.dev/tools/pub/pubspec
 */
export const pubLock: Analyzer = {
  name: 'pub-lock',
  version: 1,
  wants: (path) => isLockFile(path, 'pubspec.lock'),
  analyze: ({ path, content }) => declaredLibraries('pub', path, readLock(readText(content))),
};

interface Entry {
  name: string;
  version?: string;
  isHosted: boolean;
  isDev: boolean;
}

function* readLock(text: string): Generator<LibraryEntry> {
  let entry: Entry | undefined;
  let hasPackages = false;
  for (const { keys, value } of blockLines(text)) {
    hasPackages ||= keys[0] === 'packages';
    if (keys.length > 3 || keys[0] !== 'packages' || keys[1] === undefined) continue;
    if (keys.length === 2) {
      yield claimOf(entry);
      entry = { name: keys[1], isHosted: false, isDev: false };
    } else if (entry) readField(entry, keys[2]!, value);
  }
  if (!hasPackages) throw new MalformedFile('no lock file of pub');
  yield claimOf(entry);
}

function readField(entry: Entry, field: string, value: string): void {
  if (field === 'version') entry.version = value;
  if (field === 'source') entry.isHosted = value === 'hosted';
  if (field === 'dependency') entry.isDev = value === 'direct dev';
}

/** Other sources are the SDK's own packages, repositories and folders. */
function claimOf(entry: Entry | undefined): LibraryEntry {
  if (!entry?.isHosted || entry.isDev) return undefined;
  return entry.version === undefined ? 'unreadable' : { name: entry.name, version: entry.version };
}

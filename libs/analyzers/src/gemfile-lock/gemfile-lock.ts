import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { gitSource, type GitSource } from '../git-source.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';
import { linesOf } from '../package-database.js';

/**
 * Gems locked by Bundler from gem servers and repositories, without their groups. @see
 * https://bundler.io/man/bundle-lock.1.html
 */
export const gemfileLock: Analyzer = {
  name: 'gemfile-lock',
  version: 3,
  wants: (path) => isLockFile(path, 'Gemfile.lock') || isLockFile(path, 'gems.locked'),
  analyze: ({ path, content }) => declaredLibraries('gem', path, readLock(readText(content))),
};

/**
 * Name and version in `    nokogiri (1.16.0-x86_64-linux)`; dependencies of a gem are indented by
 * two more columns.
 */
const spec = /^ {4}([\w.-]{1,256}) \(([^\s()-]{1,256})(?:-[^\s()]{1,256})?\)$/;

function* readLock(text: string): Generator<LibraryEntry> {
  let section = '';
  let hasSection = false;
  let remote = '';
  let source: GitSource = {};
  for (const line of linesOf(text)) {
    const trimmed = line.trimEnd();
    if (/^[A-Z]/.test(trimmed)) {
      section = trimmed;
      source = {};
    }
    // Bundler writes the address before the commit, and both before the gems.
    remote = /^ {2}remote: (\S{1,1024})$/.exec(trimmed)?.[1] ?? remote;
    const [, revision] = /^ {2}revision: (\w{1,64})$/.exec(trimmed) ?? [];
    if (section === 'GIT' && revision !== undefined) source = gitSource(`${remote}#commit=${revision}`);
    hasSection ||= section === 'GEM' || section === 'DEPENDENCIES';
    // PATH has the application's own gems.
    if ((section !== 'GEM' && section !== 'GIT') || !/^ {4}\S/.test(trimmed)) continue;
    const [, name, version] = spec.exec(trimmed) ?? [];
    yield name !== undefined && version !== undefined ? { name, version, ...source } : 'unreadable';
  }
  if (!hasSection) throw new MalformedFile('no lock file of Bundler');
}

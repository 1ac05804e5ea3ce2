import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';
import { linesOf } from '../package-database.js';

/** Hex packages locked by Elixir's mix. @see https://hexdocs.pm/mix/Mix.Tasks.Deps.html */
export const mixLock: Analyzer = {
  name: 'mix-lock',
  version: 1,
  wants: (path) => isLockFile(path, 'mix.lock'),
  analyze: ({ path, content }) => declaredLibraries('hex', path, readLock(readText(content))),
};

/** Line of a package: application, source, the package's own name and version. */
const entry = /^\s{0,64}"[^"]{1,256}": \{:hex, :"?([\w.]{1,256})"?, "([^"]{1,256})"/;
/** Packages of private organizations, which may share names with public ones. */
const privateRepository = /"hexpm:[\w-]{1,256}"(?:, "[0-9a-f]{64}")?\},?\s{0,8}$/;

function* readLock(text: string): Generator<LibraryEntry> {
  if (!text.trimStart().startsWith('%{')) throw new MalformedFile('no lock file of mix');
  for (const line of linesOf(text)) {
    if (!line.includes(': {:hex,') || privateRepository.test(line.slice(-512))) continue;
    const [, name, version] = entry.exec(line) ?? [];
    yield name !== undefined && version !== undefined ? { name, version } : 'unreadable';
  }
}

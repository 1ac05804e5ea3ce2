import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * Packages locked by Haskell's Cabal.
 * @see https://cabal.readthedocs.io/en/stable/cabal-commands.html "cabal freeze"
 */
export const cabalFreeze: Analyzer = {
  name: 'cabal-freeze',
  version: 1,
  wants: (path) => isLockFile(path, 'cabal.project.freeze'),
  analyze: ({ path, content }) => declaredLibraries('hackage', path, readConstraints(readText(content))),
};

/**
 * `any.aeson ==2.1.2.1` or, in files of old versions, `aeson ==2.1.2.1`, with flags of packages in
 * between.
 */
const constraint = /(?:^|[\s,:])(?:any\.)?([\w-]{1,256})\s{1,64}==([\w.]{1,256})(?=[\s,]|$)/g;

function* readConstraints(text: string): Generator<LibraryEntry> {
  if (!/^(?:constraints|active-repositories|index-state):/m.test(text)) throw new MalformedFile('nothing frozen');
  for (const [, name = '', version = ''] of text.matchAll(constraint)) yield { name, version };
}

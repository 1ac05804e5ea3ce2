import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { blockLines } from '../block-mapping.js';
import { readText } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * Hackage packages that Haskell's Stack locked in addition to its snapshot, which the file only
 * names.
 * @see https://docs.haskellstack.org/en/stable/topics/lock_files/
 */
export const stackLock: Analyzer = {
  name: 'stack-lock',
  version: 1,
  wants: (path) => isLockFile(path, 'stack.yaml.lock'),
  analyze: ({ path, content }) => declaredLibraries('hackage', path, readLock(readText(content))),
};

function* readLock(text: string): Generator<LibraryEntry> {
  let hasPackages = false;
  for (const { keys, value } of blockLines(text)) {
    hasPackages ||= keys[0] === 'packages' || keys[0] === 'snapshots';
    if (keys.join('/') === 'packages/completed/hackage') yield readIdentifier(value);
  }
  if (!hasPackages) throw new MalformedFile('no lock file of Stack');
}

/** `acme-missiles-0.3@sha256:2ba66a09…,613` */
function readIdentifier(value: string): LibraryEntry {
  const [identifier = ''] = value.split('@', 1);
  const dash = identifier.lastIndexOf('-');
  return dash < 1 ? 'unreadable' : { name: identifier.slice(0, dash), version: identifier.slice(dash + 1) };
}

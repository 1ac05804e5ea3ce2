import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * Hex packages locked by Erlang's rebar3. @see https://rebar3.org/docs/configuration/dependencies/
 * "Lock files"
 */
export const rebarLock: Analyzer = {
  name: 'rebar-lock',
  version: 1,
  wants: (path) => isLockFile(path, 'rebar.lock'),
  analyze: ({ path, content }) => declaredLibraries('hex', path, readLock(readText(content))),
};

/**
 * `{<<"uuid">>,{pkg,<<"uuid_erl">>,<<"2.0.1">>},0}`: the application, the package's own name, its
 * version; with line breaks anywhere.
 */
const entry = /\{pkg,\s{0,64}<<"([^"]{0,256})">>,\s{0,64}<<"([^"]{0,256})">>/g;

function* readLock(text: string): Generator<LibraryEntry> {
  // Since rebar 3.0 the version comes first; older files, and files without Hex packages, are the
  // bare list.
  if (!/^(?:\{"|\[)/.test(text.trimStart())) throw new MalformedFile('no lock file of rebar3');
  for (const [, name = '', version = ''] of text.matchAll(entry)) yield { name, version };
}

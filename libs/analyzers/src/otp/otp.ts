import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { installedLibraries, type LibraryEntry } from '../library-package.js';

const resource = /(?:^|\/)([a-z][\w@]{0,255})(?:-[^/]{1,255})?\/ebin\/\1\.app$/;

/**
 * Installed Erlang and Elixir applications, also those of releases. @see
 * https://www.erlang.org/doc/apps/kernel/app.html
 */
export const otp: Analyzer = {
  name: 'otp',
  version: 1,
  wants: (path) => path.endsWith('.app') && resource.test(path),
  analyze: ({ path, content }) => installedLibraries('otp', path, [readResource(readText(content))]),
};

function readResource(text: string): LibraryEntry {
  const [, name] = /(?:^|\n)\s{0,64}\{\s{0,64}application\s{0,64},\s{0,64}'?(\w{1,256})'?\s{0,64},/.exec(text) ?? [];
  if (name === undefined) throw new MalformedFile('no application resource file');
  const [, version] = /\{\s{0,64}vsn\s{0,64},\s{0,64}"([^"]{0,256})"\s{0,64}\}/.exec(text) ?? [];
  // Applications built in their own repository often have the version `git` or none.
  return version === undefined || !/^\d/.test(version) ? undefined : { name, version };
}

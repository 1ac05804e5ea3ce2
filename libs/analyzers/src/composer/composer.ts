import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson, readText, textOf } from '../document.js';
import { gitSource, type GitSource } from '../git-source.js';
import { installedLibraries, licensesOf, type LibraryEntry } from '../library-package.js';

const installed = /(?:^|\/)composer\/installed\.(?:json|php)$/;
/** Package in the list that Composer 2 generates as code; a replaced one has no version. */
const generated = /^ {8}'([^'\n]{1,256})' => array\(\n {12}'pretty_version' => '([^'\n]{1,256})',$/gm;
const generatedPackages = "'versions' => array(";

/**
 * PHP packages that Composer 1 (a list) or 2 installed. @see
 * https://getcomposer.org/doc/04-schema.md
 */
export const composer: Analyzer = {
  name: 'composer',
  version: 3,
  wants: (path) => path.includes('composer/installed.') && installed.test(path),
  analyze: ({ path, content }) => {
    if (path.endsWith('.php')) return installedLibraries('composer', path, generatedIn(readText(content)));
    const document = readJson(content);
    const packages = Array.isArray(document) ? document : objectOf(document)['packages'];
    if (!Array.isArray(packages)) throw new MalformedFile('no list of installed packages of Composer');
    return installedLibraries('composer', path, packages.map(readComposerPackage));
  },
};

/**
 * The code has the packages of `installed.json`, which nothing needs at run time. @see
 * https://getcomposer.org/doc/07-runtime.md#installed-versions
 */
function* generatedIn(code: string): Generator<LibraryEntry> {
  const start = code.indexOf(generatedPackages);
  if (start === -1) throw new MalformedFile('no list of installed packages of Composer');
  const [, root] = /^ {8}'name' => '([^'\n]{1,256})',$/m.exec(code) ?? [];
  for (const [, name, version] of code.slice(start).matchAll(generated)) {
    if (name !== root) yield readComposerPackage({ name, version });
  }
}

/** Parses a package of Composer's lock files and lists of installed packages. */
export function readComposerPackage(value: unknown): LibraryEntry {
  const { name, version, license, source } = objectOf(value);
  if (typeof name !== 'string' || typeof version !== 'string') return 'unreadable';
  return {
    name: name.toLowerCase(),
    version: version.replace(/^v(?=\d)/i, ''),
    licenses: licensesOf(license ?? []),
    ...(isBranch(version) && branchSource(source)),
  };
}

/** Releases name a commit as well, but are what their version says. */
function isBranch(version: string): boolean {
  return /^dev-|-dev$/i.test(version);
}

function branchSource(source: unknown): GitSource {
  const { type, url, reference } = objectOf(source);
  return type === 'git' ? gitSource(`${textOf(url) ?? ''}#commit=${textOf(reference) ?? ''}`) : {};
}

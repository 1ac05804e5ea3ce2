import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { listOf, objectOf, readJson, textOf } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { isLockFile } from '../lock-file.js';
import { collectPackages } from '../package-database.js';

// data/zlib/1.2.13/_/_/package/<id>/conaninfo.txt, the cache of Conan 1; that of Conan 2 has no
// names in its paths.
const installed = /(?:^|\/)data\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/package\/[0-9a-f]{40}\/conaninfo\.txt$/;

/**
 * Packages of Conan's cache, and locked ones. @see
 * https://docs.conan.io/2/tutorial/versioning/lockfiles.html
 */
export const conan: Analyzer = {
  name: 'conan',
  version: 1,
  wants: (path) => isLockFile(path, 'conan.lock') || (path.endsWith('/conaninfo.txt') && installed.test(path)),
  analyze: (file) => collectPackages(file.path.endsWith('.lock') ? readLock(file) : [readInstalled(file.path)]),
};

interface Reference {
  name: string | undefined;
  version: string | undefined;
  user: string | undefined;
  channel: string | undefined;
}

function readInstalled(path: string): PackageRecord | 'unreadable' {
  const [, name, version, user, channel] = installed.exec(path) ?? [];
  return readReference({ name, version, user, channel }, { foundIn: path });
}

/** Skips build tools: format 1 marks them by their context, format 2 lists them separately. */
function* readLock({ path, content }: SourceFile): Generator<PackageRecord | 'unreadable'> {
  const { graph_lock: graph, requires } = objectOf(readJson(content));
  const nodes = Object.values(objectOf(objectOf(graph)['nodes'])).map(objectOf);
  const inGraph = nodes.filter(isPackage).map(({ ref, pref }) => ref ?? pref);
  for (const reference of [...inGraph, ...listOf(requires)])
    yield readReference(parseReference(textOf(reference) ?? ''), { foundIn: path, isDeclared: true });
}

/** The project itself is a node without reference or with the path of its recipe. */
function isPackage({ ref, pref, path, context }: Record<string, unknown>): boolean {
  return textOf(ref ?? pref) !== undefined && textOf(path) === undefined && context !== 'build';
}

/** `zlib/1.2.13`, `zlib/1.2.13@user/channel`, either with `#revision`, `:package` and more. */
function parseReference(text: string): Reference {
  const [reference = ''] = text.split(/[#%:]/, 1);
  const [recipe = '', owner = ''] = reference.split('@', 2);
  const [name, version] = recipe.split('/', 3);
  const [user, channel] = owner.split('/', 2);
  return { name, version, user, channel };
}

const plain = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}$/;

/**
 * A user or channel of `_` means none. @see
 * https://github.com/package-url/purl-spec/blob/main/types-doc/conan-definition.md
 */
function readReference(
  { name, version, user, channel }: Reference,
  origin: Pick<PackageRecord, 'foundIn' | 'isDeclared'>,
): PackageRecord | 'unreadable' {
  const qualifiers = {
    ...(user !== undefined && plain.test(user) && { user }),
    ...(channel !== undefined && plain.test(channel) && { channel }),
  };
  const hasOwner = Object.keys(qualifiers).length > 0;
  return libraryRecord({ type: 'conan', name, version, ...(hasOwner && { qualifiers }), ...origin });
}

import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { blockLines } from '../block-mapping.js';
import { readText } from '../document.js';
import { gitSource, type GitSource } from '../git-source.js';
import { declaredLibraries, type LibraryEntry } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * Packages locked by pnpm, lock file versions 5 to 9. @see
 * https://github.com/pnpm/spec/tree/master/lockfile
 */
export const pnpmLock: Analyzer = {
  name: 'pnpm-lock',
  version: 2,
  wants: (path) => isLockFile(path, 'pnpm-lock.yaml'),
  analyze: ({ path, content }) => declaredLibraries('npm', path, readLock(readText(content))),
};

interface Entry {
  name?: string;
  version?: string;
  isDev: boolean;
}

interface Lock {
  version: number;
  packages: Map<string, Entry>;
  hasImporters: boolean;
  /** Keys of the runtime dependencies of applications. */
  roots: Set<string>;
  /** Since version 7: keys of the dependencies of each key's package. */
  edges: Map<string, Set<string>>;
  edgeCount: number;
}

function* readLock(text: string): Generator<LibraryEntry> {
  const lock = collect(text);
  // Since version 7 entries have no `dev` flag: a package is for development only if no application
  // leads to it.
  const used = lock.version >= 7 && lock.hasImporters ? reachable(lock) : undefined;
  for (const [key, entry] of lock.packages) {
    if (entry.isDev || (used && !used.has(key))) continue;
    yield readKey(key, entry);
  }
}

function collect(text: string): Lock {
  const lock: Lock = {
    version: 0,
    packages: new Map(),
    hasImporters: false,
    roots: new Set(),
    edges: new Map(),
    edgeCount: 0,
  };
  for (const { keys, value } of blockLines(text)) {
    const [section, ...path] = keys;
    if (section === 'lockfileVersion') lock.version = Number.parseFloat(value);
    else if (section === 'packages') readPackageLine(lock, path, value);
    else if (section === 'importers') readImporterLine(lock, path, value);
    else if (section === 'snapshots') readSnapshotLine(lock, path, value);
  }
  if (!(lock.version >= 5)) throw new MalformedFile('no lock file of pnpm since version 5');
  return lock;
}

function readPackageLine(lock: Lock, [key, field, ...deeper]: readonly string[], value: string): void {
  if (key === undefined || deeper.length > 0) return;
  const entry = lock.packages.get(key) ?? { isDev: false };
  lock.packages.set(key, entry);
  if (field === 'dev') entry.isDev = value === 'true';
  if (field === 'name') entry.name = value;
  if (field === 'version') entry.version = value;
}

const runTimeKinds = new Set(['dependencies', 'optionalDependencies']);

/** Reads a line at `importers`, folder, kind, name; its `version` identifies the package. */
function readImporterLine(lock: Lock, path: readonly string[], value: string): void {
  const [, kind = '', name, field] = path;
  lock.hasImporters = true;
  if (name !== undefined && field === 'version' && runTimeKinds.has(kind)) addKeys(lock.roots, name, value);
}

/** Limit on dependencies; the largest lock files have some 30,000. */
const maxEdges = 300_000;

/** Reads a line at `snapshots`, key, kind, name. */
function readSnapshotLine(lock: Lock, [key, kind = '', name]: readonly string[], value: string): void {
  if (key === undefined || name === undefined || !runTimeKinds.has(kind)) return;
  const targets = lock.edges.get(key) ?? new Set();
  lock.edges.set(key, targets);
  addKeys(targets, name, value);
  lock.edgeCount += 1;
  if (lock.edgeCount > maxEdges)
    throw new LimitExceeded('maxEdges', `lock file with more than ${maxEdges} dependencies`);
}

/** Adds both possible keys: the version of an alias is already a key. */
function addKeys(keys: Set<string>, name: string, version: string): void {
  keys.add(`${name}@${version}`);
  keys.add(version);
}

/**
 * Keys of `packages` that the roots lead to; keys of `snapshots` also name peers:
 * `foo@1.0.0(react@18.2.0)`.
 */
function reachable({ roots, edges }: Lock): Set<string> {
  const seen = new Set(roots);
  // Iterating a set includes elements that are added during the iteration.
  for (const key of seen) {
    for (const target of edges.get(key) ?? []) seen.add(target);
  }
  return new Set([...seen].map(withoutPeers));
}

function withoutPeers(key: string): string {
  const peers = key.indexOf('(');
  return peers === -1 ? key : key.slice(0, peers);
}

/**
 * Optional host of a registry, name, version: `/@hapi/bourne/2.0.0` or `/foo/1.0.0_react@17.0.2` in
 * version 5, `/@hapi/bourne@2.0.0` in version 6, the same without the slash in version 9.
 */
const specifier = /^(?:[\w.-]{1,256}(?=\/))?\/?((?:@[^/@]{1,256}\/)?[^/@]{1,256})(?:[/@](\d[^_(/]{0,256}))?/;

/** Parses a key; packages from outside a registry have their own fields for name or version. */
function readKey(key: string, entry: Entry): LibraryEntry {
  if (/(?:^|@)(?:file|link|workspace):/.test(key)) return undefined;
  const [, name, version] = specifier.exec(withoutPeers(key)) ?? [];
  const claim = { name: entry.name ?? name, version: entry.version ?? version };
  if (claim.name !== undefined && claim.version !== undefined)
    return { name: claim.name, version: claim.version, ...keySource(withoutPeers(key)) };
  // An address instead of a version, which only old lock files leave without fields.
  return /[:/]/.test(key.slice(1)) ? undefined : 'unreadable';
}

/** Commit in a key: an address, since version 9 behind the name and `@`. */
function keySource(key: string): GitSource {
  const start = /(?:^@?|@)(?=(?:git\+)?(?:https?|ssh|git):\/\/)/.exec(key);
  return gitSource(start ? key.slice(start.index + start[0].length) : key);
}

import { LimitExceeded, MalformedFile, type PackageRecord } from '@tidewaiter/domain';
import { parse, type TomlTable } from 'smol-toml';

import type { Analyzer } from '../analyzer.js';
import { gitSource } from '../git-source.js';
import { collectPackages, isToken } from '../package-database.js';

/** Rust's own workspace, one of the largest, has 150 KiB. */
const maxLockBytes = 8 << 20;
const crateName = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Crates of a lock file. @see https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html
 */
export const cargoLock: Analyzer = {
  name: 'cargo-lock',
  version: 2,
  wants: (path) => path.endsWith('Cargo.lock') && (path.length === 10 || path.at(-11) === '/'),
  analyze: ({ path, content }) => collectPackages(readCrates(content, path)),
};

function* readCrates(content: Buffer, foundIn: string): Generator<PackageRecord | 'unreadable' | undefined> {
  const crates = parseLock(content, foundIn)['package'] ?? [];
  if (!Array.isArray(crates)) throw new MalformedFile(`${foundIn} whose packages are no list`);
  for (const crate of crates) yield readCrate(crate, foundIn);
}

function parseLock(content: Buffer, path: string): TomlTable {
  if (content.length > maxLockBytes) throw new LimitExceeded('maxLockBytes', `${path} of ${content.length} bytes`);
  try {
    return parse(content.toString('utf8'));
  } catch (error) {
    throw new MalformedFile(`${path} that is not TOML`, { cause: error });
  }
}

function readCrate(crate: unknown, foundIn: string): PackageRecord | 'unreadable' | undefined {
  if (typeof crate !== 'object' || crate === null) return 'unreadable';
  const { name, version, source } = crate as Record<string, unknown>;
  if (typeof name !== 'string' || typeof version !== 'string') return 'unreadable';
  if (!crateName.test(name) || !isToken(version)) return 'unreadable';
  // Without source it is a member of the workspace or a local folder, whose name belongs to no
  // registry.
  if (source === undefined) return undefined;
  const from = typeof source === 'string' ? gitSource(source) : {};
  return { type: 'cargo', name, version, ...from, source: { name, version }, licenses: [], foundIn, isDeclared: true };
}

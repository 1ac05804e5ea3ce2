import type { PackageRecord, PackageType } from '@tidewaiter/domain';

import type { FileFacts } from './analyzer.js';
import { listOf, objectOf } from './document.js';
import { collectPackages, oneLine } from './package-database.js';

/** Package of a language's package manager, read from a file. */
export interface Library {
  name: string;
  version: string;
  licenses?: string[];
  qualifiers?: Record<string, string>;
}

/** Package at an address, such as a commit of Git, whose version its lock file does not repeat. */
interface Unversioned {
  name: string;
  version: null;
}

/**
 * Package; `unreadable` if its name or version is invalid; undefined for an entry outside the
 * ecosystem.
 */
export type LibraryEntry = Library | Unversioned | 'unreadable' | undefined;

interface Rule {
  name: RegExp;
  version: RegExp;
}

const semanticVersion = /^\d[\w.+-]{0,255}$/;

/** Valid names and versions by ecosystem; they exclude templates and hostile input. */
const rules = {
  // Old names have capitals and most of what a URL does not encode.
  npm: { name: /^(?:@[\w.~!'()*-]{1,214}\/)?[\w~!'()*-][\w.~!'()*-]{0,213}$/, version: semanticVersion },
  // Branches are versions: `dev-main`, `dev-fix/issue-1`, `2.x-dev`.
  composer: { name: /^[a-z0-9][a-z0-9_.-]{0,127}\/[a-z0-9][a-z0-9_.-]{0,127}$/, version: /^[\w.+#/-]{1,256}$/ },
  gem: { name: /^[\w.-]{1,256}$/, version: /^\d[\w.-]{0,255}$/ },
  pub: { name: /^\w{1,256}$/, version: semanticVersion },
  hex: { name: /^[a-z0-9_]{1,256}$/, version: semanticVersion },
  otp: { name: /^[a-z][\w@]{0,255}$/, version: /^\d[\w.+~-]{0,255}$/ },
  swift: { name: /^[\w.~:-]{1,256}(?:\/[\w.~-]{1,256}){1,8}$/, version: semanticVersion },
  hackage: { name: /^[A-Za-z0-9][A-Za-z0-9-]{0,255}$/, version: /^\d[\d.]{0,255}$/ },
} as const satisfies Partial<Record<PackageType, Rule>>;

export type LibraryType = keyof typeof rules;

/** Installed packages that a file lists, without duplicates. @throws LimitExceeded `maxPackages` */
export function installedLibraries(type: LibraryType, foundIn: string, entries: Iterable<LibraryEntry>): FileFacts {
  return collectPackages(records(type, foundIn, entries));
}

/** Packages that a lock file lists, without duplicates. @throws LimitExceeded `maxPackages` */
export function declaredLibraries(type: LibraryType, foundIn: string, entries: Iterable<LibraryEntry>): FileFacts {
  const unversioned = new Set<string>();
  const facts = collectPackages(records(type, foundIn, entries, { isDeclared: true }, unversioned));
  return { ...facts, ...(unversioned.size > 0 && { unpinned: { type, names: [...unversioned] } }) };
}

function* records(
  type: LibraryType,
  foundIn: string,
  entries: Iterable<LibraryEntry>,
  origin: Pick<PackageRecord, 'isDeclared'> = {},
  unversioned = new Set<string>(),
): Generator<PackageRecord | 'unreadable'> {
  const seen = new Set<string>();
  for (const entry of entries) {
    if (entry === undefined) continue;
    if (entry !== 'unreadable' && entry.version === null && rules[type].name.test(entry.name)) {
      if (unversioned.size < maxUnversioned) unversioned.add(entry.name);
      continue;
    }
    if (entry === 'unreadable' || !isPossible(entry, rules[type])) {
      yield 'unreadable';
      continue;
    }
    const { name, version, licenses = [], qualifiers } = entry;
    const key = `${name}@${version} ${qualifiers ? Object.values(qualifiers).join() : ''}`;
    if (seen.has(key)) continue;
    seen.add(key);
    yield {
      type,
      name,
      version,
      ...(qualifiers && { qualifiers }),
      source: { name, version },
      licenses,
      foundIn,
      ...origin,
    };
  }
}

function isPossible(entry: Library | Unversioned, rule: Rule): entry is Library {
  return entry.version !== null && rule.name.test(entry.name) && rule.version.test(entry.version);
}

/** Limit on names without a version of one file. */
const maxUnversioned = 1_000;

/** Limit on licenses of one package. */
const maxLicenses = 32;

/** Licenses of a JSON manifest: `"MIT"`, `["MIT"]`, `{ "type": "MIT" }` or a list of those. */
export function licensesOf(value: unknown): string[] {
  const values = Array.isArray(value) ? listOf(value) : [value];
  return values
    .slice(0, maxLicenses)
    .map(licenseName)
    .filter((license) => license !== '');
}

function licenseName(value: unknown): string {
  if (typeof value === 'string') return oneLine(value);
  const { type, name } = objectOf(value);
  return typeof type === 'string' ? oneLine(type) : typeof name === 'string' ? oneLine(name) : '';
}

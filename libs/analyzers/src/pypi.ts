import type { PackageRecord } from '@tidewaiter/domain';

import type { FileFacts, SourceFile } from './analyzer.js';
import { listOf, objectOf, textOf } from './document.js';
import { gitSource, type GitSource } from './git-source.js';
import { libraryRecord, type LibraryClaim } from './library-record.js';
import { collectPackages, linesOf } from './package-database.js';
import { readToml } from './toml.js';

/**
 * Name of a distribution in PyPI and in advisories. @see
 * https://peps.python.org/pep-0503/#normalized-names
 */
export function normalizedName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

/** Record of a Python distribution; its name must begin and end with a letter or digit. */
export function pypiRecord({ name, ...claim }: Omit<LibraryClaim, 'type'>): PackageRecord | 'unreadable' {
  if (typeof name !== 'string' || !/^[A-Za-z0-9]/.test(name) || !/[A-Za-z0-9]$/.test(name)) return 'unreadable';
  return libraryRecord({ type: 'pypi', name: normalizedName(name), ...claim });
}

/**
 * Whether a path is in the tests of a distribution or of Python itself: packages there only look
 * installed. In any other folder of such a name, the `dist-info` of an installer is valid.
 */
export function isTestData(path: string): boolean {
  const brought = [...path.matchAll(broughtFolder)].at(-1);
  if (!brought && path.includes('.dist-info/')) return false;
  return /(^|\/)tests?\//.test(path.slice(brought?.index ?? 0));
}

const broughtFolder = /(?:^|\/)(?:site-packages|dist-packages|python\d(?:\.\d{1,3})?)\//g;

/** Fields of one package in a lock file. */
export type LockedPackage = Readonly<Record<string, unknown>>;

/** Packages of a TOML lock file, except those for which `isLeftOut` holds. */
export function lockedPackages(
  { path, content }: SourceFile,
  isLeftOut: (locked: LockedPackage) => boolean,
): FileFacts {
  // uv first called its packages distributions.
  const { package: packages, distribution } = readToml(content);
  return collectPackages(readLocked(listOf(packages ?? distribution).map(objectOf), isLeftOut, path));
}

function* readLocked(list: readonly LockedPackage[], isLeftOut: (locked: LockedPackage) => boolean, foundIn: string) {
  for (const locked of list) {
    if (isLeftOut(locked)) continue;
    const { name, version } = locked;
    yield pypiRecord({ name, version, ...lockedSource(locked), foundIn, isDeclared: true });
  }
}

/** Commit of a package in the lock files of Poetry, uv and PDM, each with fields of its own. */
function lockedSource({ source, git, revision }: LockedPackage): GitSource {
  const { type, url, resolved_reference: resolved, git: address } = objectOf(source);
  if (typeof address === 'string') return gitSource(`git+${address}`);
  if (type === 'git') return gitSource(`${textOf(url) ?? ''}#commit=${textOf(resolved) ?? ''}`);
  return gitSource(`${textOf(git) ?? ''}#commit=${textOf(revision) ?? ''}`);
}

/** Length of a pinned package with its hashes. */
const maxLineLength = 65_536;

/** Packages of the exact pins of a requirements file: only they prove which version there is. */
export function pinnedPackages(text: string, claim: Pick<LibraryClaim, 'foundIn' | 'isDeclared'>): FileFacts {
  return collectPackages(readPins(text, claim));
}

function* readPins(text: string, claim: Pick<LibraryClaim, 'foundIn' | 'isDeclared'>) {
  for (const line of logicalLines(text)) {
    const [, name, version] = pin.exec(requirementOf(line)) ?? [];
    if (version !== undefined) yield pypiRecord({ name, version, ...claim });
  }
}

/** Limit on the names of one file. */
const maxUnpinned = 1_000;

/** Names of requirements with a range, a URL or nothing for a version. */
export function unpinnedNames(text: string): string[] {
  const names = new Set<string>();
  for (const line of logicalLines(text)) {
    const requirement = requirementOf(line);
    const [, name] = pin.test(requirement) ? [] : (unpinned.exec(requirement) ?? egg.exec(line) ?? []);
    if (name !== undefined && names.size < maxUnpinned) names.add(normalizedName(name));
  }
  return [...names];
}

// `name`, `name[extra] >= 1.0, < 2`, `name @ URL`.
const unpinned =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,212}[A-Za-z0-9])?)[ \t]{0,64}(?:\[[^[\]]{0,1024}\][ \t]{0,64})?(?:$|[=<>!~@(])/;
/** `git+https://…#egg=name`. */
const egg = /#egg=([A-Za-z0-9](?:[A-Za-z0-9._-]{0,212}[A-Za-z0-9])?)(?:[&[ \t]|$)/;

// `name`, `name[extra]`, `name (==1.0)`, already without everything before and after.
const pin =
  /^([A-Za-z0-9][A-Za-z0-9._-]{0,213})[ \t]{0,64}(?:\[[^[\]]{0,1024}\][ \t]{0,64})?\(?[ \t]{0,64}={2,3}[ \t]{0,64}([A-Za-z0-9.!+_-]{1,128})[ \t]{0,64}\)?$/;

/** Lines as pip joins them: a backslash at the end continues a line, but not a comment. */
function* logicalLines(text: string): Generator<string> {
  let joined = '';
  for (const line of linesOf(text)) {
    const part = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (part.endsWith('\\') && !part.trimStart().startsWith('#') && joined.length < maxLineLength) {
      joined += part.slice(0, -1);
      continue;
    }
    yield joined + part;
    joined = '';
  }
  if (joined !== '') yield joined;
}

/**
 * Requirement without comment, environment marker and options such as `--hash=…`; empty for lines
 * of options.
 */
function requirementOf(line: string): string {
  const end = line.search(/;|(?:^|[ \t])(?:#|--?[a-zA-Z])/);
  return (end === -1 ? line : line.slice(0, end)).trim();
}

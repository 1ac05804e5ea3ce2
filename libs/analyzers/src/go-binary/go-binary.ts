import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { isDistributionLibrary } from '../elf.js';
import { collectPackages, isToken, linesOf, oneLine } from '../package-database.js';
import { readBuildInfo, type BuildInfo } from './build-info.js';
import { executableOf, isExecutable } from './executable.js';
import { functionNames } from './function-table.js';
import { type LinkedModule, linkedNames, readFunction } from './linked-names.js';
import { linkedVersion, unknownVersion } from './main-version.js';

/** Modules and standard library of a Go program. @see https://pkg.go.dev/runtime/debug#BuildInfo */
export const goBinary: Analyzer = {
  name: 'go-binary',
  maxBytes: Infinity,
  version: 5,
  wants: (path, head) => isExecutable(head) && !isDistributionLibrary(path),
  analyze: ({ path, content }) => readProgram(content, path),
};

function readProgram(content: Buffer, foundIn: string): FileFacts {
  const program = executableOf(content);
  const info = readBuildInfo(program);
  if (!info) {
    if (program.damage !== undefined) return { damage: program.damage };
    return program.legacyElf ? { unread: 'Go program whose build information was removed' } : {};
  }
  const modules = [...linkedModules(info)];
  const functions = functionNames(content);
  const unlisted = packageOfNoModule(functions ?? [], info);
  return {
    ...collectPackages(modules.map((module) => moduleRecord(module, foundIn))),
    ...(unlisted !== undefined && { unread: `code of ${oneLine(unlisted)}, which is of no module that is listed` }),
    linked: linkedNames(functions, info.modules, modules),
  };
}

/** Import path that begins with a host, as of every module that is published. */
const published = /^[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64}){1,8}\/./i;

/**
 * First package whose code is in a program, and whose module is not listed: other build systems
 * than Go's own write no list, and one can be edited.
 */
function packageOfNoModule(functions: Iterable<string>, { modules }: BuildInfo): string | undefined {
  const listed = new Set([...modules.matchAll(/^(?:mod|dep)\t([^\t\n]{1,1024})/gm)].map(([, path]) => path));
  const known = new Set<string>();
  for (const name of functions) {
    const importPath = readFunction(name)?.importPath ?? '';
    if (known.has(importPath) || !published.test(importPath)) continue;
    if (!partsOf(importPath).some((path) => listed.has(path))) return importPath;
    known.add(importPath);
  }
  return undefined;
}

/** `a.com`, `a.com/b` and `a.com/b/c` of the last one. */
function partsOf(importPath: string): string[] {
  const parts = importPath.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function* linkedModules({ goVersion, modules }: BuildInfo): Generator<LinkedModule> {
  yield { path: 'stdlib', version: standardLibraryVersion(goVersion) };
  const main = mainModule(modules);
  if (main) yield main;
  yield* dependenciesOf(modules);
}

/**
 * Version of the standard library, which is that of the compiler: only the number, without words
 * after it such as `X:boringcrypto` or `(Red Hat 1.21.11-1.el9)`. A compiler between releases has
 * its development version, if any.
 */
function standardLibraryVersion(goVersion: string): string {
  const [, version] = /^(?:devel )?go(\d[!-~]{0,127})(?: |$)/.exec(goVersion) ?? [];
  return version ?? unknownVersion;
}

/** Module that was compiled into a program. */
export interface GoModule {
  path: string;
  /** {@link unknownVersion} for a directory. */
  version: string;
}

/** Main module of a program; undefined if it was built without modules. */
export function mainModule(modules: string): GoModule | undefined {
  const [, path, version] = /^mod\t([^\t\n]{1,1024})\t([^\t\n]{0,1024})/m.exec(modules) ?? [];
  if (path === undefined) return undefined;
  if (version && version !== unknownVersion) return { path, version };
  return { path, version: linkedVersion(modules, path) ?? unknownVersion };
}

function* dependenciesOf(modules: string): Generator<LinkedModule> {
  let held: LinkedModule | undefined;
  for (const line of linesOf(modules)) {
    const [kind, path = '', version] = line.split('\t', 3);
    const module = { path, version: version || unknownVersion };
    if (kind === '=>') {
      held = held && { ...replaced(held, module), isReplacement: true };
      continue;
    }
    if (held) yield held;
    held = kind === 'dep' ? module : undefined;
  }
  if (held) yield held;
}

/**
 * Returns the replacement, which is the code that runs; a directory keeps the name of the replaced
 * module.
 */
export function replaced(original: GoModule, replacement: GoModule): GoModule {
  const isDirectory = /^(?:\.{0,2}[/\\]|[A-Za-z]:|\.{1,2}$)/.test(replacement.path);
  return isDirectory ? { path: original.path, version: unknownVersion } : replacement;
}

/** @see https://go.dev/ref/mod#module-path */
const modulePath = /^[A-Za-z0-9_~-][A-Za-z0-9._~/-]{0,511}$/;

/** Record of a module; `unreadable` for a path or version that Go does not allow. */
export function moduleRecord({ path, version }: GoModule, foundIn: string): PackageRecord | 'unreadable' {
  if (!modulePath.test(path) || !isToken(version)) return 'unreadable';
  return { type: 'golang', name: path, version, source: { name: path, version }, licenses: [], foundIn };
}

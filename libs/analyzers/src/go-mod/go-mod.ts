import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { type GoModule, moduleRecord, replaced } from '../go-binary/go-binary.js';
import { isLockFile } from '../lock-file.js';
import { collectPackages, linesOf } from '../package-database.js';

/**
 * Go modules that a main module requires, replacements applied. Since Go 1.17 these are all modules
 * of its packages. @see https://go.dev/ref/mod#go-mod-file
 */
export const goMod: Analyzer = {
  name: 'go-mod',
  version: 1,
  wants: (path) => isLockFile(path, 'go.mod'),
  analyze: ({ path, content }) => collectPackages(modulesOf(readText(content), path)),
};

function* modulesOf(text: string, foundIn: string): Generator<PackageRecord | 'unreadable'> {
  const required: GoModule[] = [];
  const replacements = new Map<string, GoModule>();
  for (const [directive, ...words] of statementsOf(text)) {
    if (directive === 'require') required.push(moduleOf(words));
    else if (directive === 'replace') addReplacement(replacements, words);
  }
  for (const module of required) {
    const by = replacements.get(`${module.path} ${module.version}`) ?? replacements.get(`${module.path} `);
    yield withDeclared(moduleRecord(by ? replaced(module, by) : module, foundIn));
  }
}

/** Words of each statement; those of a block have its directive before them. */
function* statementsOf(text: string): Generator<string[]> {
  let block: string | undefined;
  for (const line of linesOf(text)) {
    const words = line
      .replace(/\/\/.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => word.replaceAll(/^["`]|["`]$/g, ''));
    if (words.length === 0) continue;
    if (words[0] === ')') block = undefined;
    else if (words[1] === '(') block = words[0];
    else yield block === undefined ? words : [block, ...words];
  }
}

const moduleOf = ([path = '', version = '']: string[]): GoModule => ({ path, version });

/** `old [version] => new [version]`; a folder has no version. */
function addReplacement(replacements: Map<string, GoModule>, words: string[]): void {
  const arrow = words.indexOf('=>');
  const { path, version } = moduleOf(words.slice(0, Math.max(arrow, 0)));
  replacements.set(`${path} ${version}`, moduleOf(words.slice(arrow + 1)));
}

function withDeclared(record: PackageRecord | 'unreadable'): PackageRecord | 'unreadable' {
  return record === 'unreadable' ? record : { ...record, isDeclared: true };
}

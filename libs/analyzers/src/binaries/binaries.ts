import type { PackageRecord } from '@tidewaiter/domain';
import { isElf } from '@tidewaiter/integrity';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { goPrograms, type GoProgram } from './go-programs.js';
import { goVersion } from './go-version.js';
import { afterBytes, beforeBytes, stemOf, type Mark, type Program } from './program.js';
import { programs } from './programs.js';

/** Limit on occurrences of one anchor in one file: a hostile file may consist of them. */
const maxSightings = 1_000;

/** Programs that no package manager installed, identified by texts in their bytes. */
export const binaries: Analyzer = {
  name: 'binaries',
  maxBytes: Infinity,
  version: 2,
  wants: (path, head) => (isElf(head) ? isProgramName(path) : rowsOfText(path).length > 0),
  analyze: ({ path, content }) => readProgram(path, content),
};

const byStem = groupedByStem(programs);
const goByStem = groupedByStem(goPrograms);
const texts = programs.filter(({ textFile }) => textFile !== undefined);

function groupedByStem<T extends { files?: readonly string[] }>(rows: readonly T[]): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    for (const stem of new Set(row.files?.map(stemOf))) groups.set(stem, [...(groups.get(stem) ?? []), row]);
  }
  return groups;
}

function isProgramName(path: string): boolean {
  const stem = stemOf(baseName(path));
  return byStem.has(stem) || goByStem.has(stem);
}

/** Endings of the text files: a prefilter that rejects most paths with one test. */
const textNames = /(?:release|VERSION|DESCRIPTION|\.app)$/;

function rowsOfText(path: string): readonly Program[] {
  return textNames.test(path) ? texts.filter(({ textFile }) => textFile?.test(path)) : [];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function readProgram(path: string, content: Buffer): FileFacts {
  const name = baseName(path);
  const stem = stemOf(name);
  const isBinary = isElf(content);
  const rows = isBinary ? (byStem.get(stem) ?? []) : rowsOfText(path);
  const goRows = isBinary ? (goByStem.get(stem) ?? []) : [];
  const packages = [
    ...rows.map((row) => recordOf(row, versionIn(content, row, name), path)),
    ...goRows.map((row) => recordOf(row, goVersion(content, row), path)),
  ];
  const found = packages.filter((record) => record !== undefined);
  return found.length === 0 ? {} : { packages: found };
}

function recordOf(row: Program | GoProgram, version: string | undefined, foundIn: string): PackageRecord | undefined {
  if (version === undefined) return undefined;
  const type = 'type' in row && row.type !== undefined ? row.type : 'generic';
  return { type, name: row.name, version, source: { name: row.name, version }, licenses: [], foundIn };
}

function versionIn(content: Buffer, { marks, nameVersion, fileVersion }: Program, name: string): string | undefined {
  const named = fileVersion?.exec(name)?.[1];
  if (fileVersion !== undefined) return marks.some((mark) => isMarked(content, mark)) ? named : undefined;
  const prefix = nameVersion?.exec(name)?.[1];
  for (const mark of marks) {
    for (const version of versionsAt(content, mark)) {
      if (prefix === undefined || version === prefix || version.startsWith(`${prefix}.`)) return version;
    }
  }
  return undefined;
}

function isMarked(content: Buffer, mark: Mark): boolean {
  return versionsAt(content, mark).next().done === false;
}

function* versionsAt(content: Buffer, { anchor, version }: Mark): Generator<string> {
  const everyVersion = new RegExp(version, 'g');
  let at = content.indexOf(anchor, 0, 'latin1');
  for (let sightings = 0; at !== -1 && sightings < maxSightings; sightings += 1) {
    const window = content.toString('latin1', Math.max(0, at - beforeBytes), at + afterBytes);
    for (const [, found] of window.matchAll(everyVersion)) yield found!;
    at = anchor === '' ? -1 : content.indexOf(anchor, at + anchor.length, 'latin1');
  }
}

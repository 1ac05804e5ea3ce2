import { MalformedFile } from '@tidewaiter/domain';

import { sliceOf, u32be } from './bytes.js';

/**
 * Tags of a package's header. @see
 * https://github.com/rpm-software-management/rpm/blob/master/include/rpm/rpmtag.h
 */
export const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  arch: 1022,
  fileStates: 1029,
  fileModes: 1030,
  fileDigests: 1035,
  fileLinkTargets: 1036,
  fileFlags: 1037,
  sourceRpm: 1044,
  fileVerifyFlags: 1045,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
  fileCapabilities: 5010,
  fileDigestAlgorithm: 5011,
  modularityLabel: 5096,
} as const;

/** Tags that say what the package is: rpm finds either of two, and writes each once. */
const identity: ReadonlySet<number> = new Set([
  tags.name,
  tags.version,
  tags.release,
  tags.epoch,
  tags.vendor,
  tags.arch,
  tags.sourceRpm,
  tags.modularityLabel,
]);

/** Limit of rpm itself. */
const maxEntries = 0xffff;
/** Limit on values of one tag; the largest packages have some 100,000 files. */
const maxValues = 500_000;
const entryBytes = 16;

/** Bytes of a number of each type; characters are numbers too. */
const numberBytes: Readonly<Record<number, 1 | 2 | 4>> = { 1: 1, 2: 1, 3: 2, 4: 4 };
const textTypes: ReadonlySet<number> = new Set([6, 8, 9]);

interface Entry {
  type: number;
  offset: number;
  count: number;
}

/** Header of one installed package. A missing tag has no values. */
export interface Header {
  /** @throws MalformedFile when the values are not in the header's data */
  numbers: (tag: number) => number[];
  /** @throws MalformedFile when the values are not in the header's data */
  texts: (tag: number) => string[];
}

/**
 * Opens a header in the form of the database, without the magic number.
 * @see https://rpm-software-management.github.io/rpm/manual/format_header.html
 * @throws MalformedFile when it is longer than its bytes, or says twice what it is
 */
export function readHeader(blob: Buffer): Header {
  const count = u32be(blob, 0);
  if (count > maxEntries) throw new MalformedFile(`header with ${count} entries`);
  const index = sliceOf(blob, 8, count * entryBytes);
  const data = sliceOf(blob, 8 + count * entryBytes, u32be(blob, 4));
  const entries = new Map<number, Entry>();
  for (let at = 0; at < index.length; at += entryBytes) {
    const [tag, type] = [u32be(index, at), u32be(index, at + 4)];
    const entry = { type, offset: u32be(index, at + 8), count: u32be(index, at + 12) };
    if (identity.has(tag) && entries.has(tag)) throw new MalformedFile(`header with two values of tag ${tag}`);
    if (!entries.has(tag)) entries.set(tag, entry);
  }
  return {
    numbers: (tag) => readNumbers(data, valuesOf(entries, tag)),
    texts: (tag) => readTexts(data, valuesOf(entries, tag)),
  };
}

function valuesOf(entries: ReadonlyMap<number, Entry>, tag: number): Entry {
  const entry = entries.get(tag) ?? { type: 0, offset: 0, count: 0 };
  if (entry.count > maxValues) throw new MalformedFile(`header with ${entry.count} values of one tag`);
  return entry;
}

function readNumbers(data: Buffer, { type, offset, count }: Entry): number[] {
  const size = numberBytes[type];
  if (size === undefined) return [];
  const bytes = sliceOf(data, offset, count * size);
  return Array.from({ length: count }, (_, item) => bytes.readUIntBE(item * size, size));
}

function readTexts(data: Buffer, { type, offset, count }: Entry): string[] {
  if (!textTypes.has(type)) return [];
  const texts: string[] = [];
  let start = offset;
  for (let item = 0; item < count; item += 1) {
    const end = start > data.length ? -1 : data.indexOf(0, start);
    if (end === -1) throw new MalformedFile('text without an end');
    texts.push(data.toString('utf8', start, end));
    start = end + 1;
  }
  return texts;
}

import { randomInt } from 'node:crypto';

import { InvalidInput } from '@tidewaiter/domain';

import type { FileManifest, ManifestFile } from './facts.js';

/** File of an image, or symbolic link to a file or directory. */
export interface ImageFile extends ManifestFile {
  /** Absolute. */
  path: string;
  /** Target of a symbolic link, as written. */
  linkTarget?: string;
}

// Format. All numbers are little-endian, as this machine's typed arrays are; each section is
// aligned to four bytes:
//   magic, seed, number of files, of package names and of directories, bytes of text
//   hashes of the paths, the low halves, then the high ones (32 bits each); files are sorted by
//   high, then low half
//   for each file the offset of its name in the text, its directory, its package plus one (32 bits
//   each)
//   sha256 of each file (32 bytes; zeros: not read)
//   offsets in the text of the package names, then of the directories
//   text: names, each after its length in bytes (16 bits; the high bit marks a link, whose target
//   follows in the same form)
const magic = 0x3146_4d54;
const headerWords = 6;
const isLink = 0x8000;
const maxNameBytes = isLink - 1;
const maxLinks = 40;
const { imul } = Math;
const digestBytes = 32;
const notRead = Buffer.alloc(digestBytes);

/**
 * Search key for files with equal content: the first eight bytes of the SHA-256. An attacker who
 * makes both contents needs 2^32 attempts for a collision; a second content for a given key is
 * infeasible.
 */
export function contentKeyOf(sha256: string): bigint {
  return Buffer.from(sha256.slice(0, 16), 'hex').readBigInt64BE();
}

const notReadKey = 0n;
/** Empty files are in every image. */
const emptyKey = contentKeyOf('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

/**
 * Returns the {@link contentKeyOf} of these files, sorted and without duplicates and empty files.
 */
export function contentKeysOf(files: Iterable<{ sha256?: string | undefined }>, count: number): BigInt64Array {
  const keys = new BigInt64Array(count);
  let kept = 0;
  for (const { sha256 } of files) if (sha256 !== undefined) keys[kept++] = contentKeyOf(sha256);
  return distinctContents(keys.subarray(0, kept));
}

/** Sorts the keys in place; returns the distinct ones of files that were read and are not empty. */
function distinctContents(keys: BigInt64Array): BigInt64Array {
  keys.sort();
  let kept = 0;
  let last = notReadKey;
  for (const key of keys) {
    if (key !== last && key !== notReadKey && key !== emptyKey) keys[kept++] = key;
    last = key;
  }
  return keys.subarray(0, kept);
}

/**
 * Files of an image in some seventy bytes each, sorted by a 64-bit hash of their paths. The hash
 * finds the file; a comparison of the path confirms it.
 */
export class PackedManifest implements FileManifest {
  readonly #seed: number;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  readonly #names: Uint32Array;
  readonly #directories: Uint32Array;
  readonly #packages: Uint32Array;
  readonly #digests: Buffer;
  readonly #packageNames: Uint32Array;
  readonly #directoryNames: Uint32Array;
  readonly #text: Buffer;

  /** @throws InvalidInput `MANIFEST_DAMAGED` for bytes that {@link packManifest} did not write */
  constructor(readonly bytes: Buffer) {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
    let at = 0;
    const words = (count: number) => {
      if (at + count * 4 > aligned.length) throw damaged();
      const section = new Uint32Array(aligned.buffer, aligned.byteOffset + at, count);
      at += count * 4;
      return section;
    };
    const [found, seed, files, packages, directories, textBytes] = words(headerWords) as unknown as number[];
    if (found !== magic) throw damaged();
    this.#seed = seed!;
    this.#low = words(files!);
    this.#high = words(files!);
    this.#names = words(files!);
    this.#directories = words(files!);
    this.#packages = words(files!);
    const digestsAt = at;
    words(files! * 8);
    this.#digests = aligned.subarray(digestsAt, at);
    this.#packageNames = words(packages!);
    this.#directoryNames = words(directories!);
    this.#text = aligned.subarray(at, at + textBytes!);
    if (this.#text.length !== textBytes) throw damaged();
  }

  get size(): number {
    return this.#low.length;
  }

  /** Returns the file that a process finds at a path, following symbolic links. */
  get(path: string): ManifestFile | null {
    let at = path;
    for (let links = 0; links <= maxLinks; links += 1) {
      const index = this.#indexOf(at);
      const next = index < 0 ? this.#throughDirectories(at) : this.#linkOf(index, at);
      if (next === null) return index < 0 ? null : this.#file(index);
      at = next;
    }
    return null;
  }

  /** Yields all paths, in no particular order. */
  *paths(): Generator<string> {
    for (let index = 0; index < this.size; index += 1) yield this.#pathOf(index);
  }

  /** Yields the files with these bytes, in no particular order. */
  *holding(sha256: string): Generator<{ path: string; package: string | null }> {
    const wanted = Buffer.from(sha256, 'hex');
    if (wanted.length !== digestBytes || wanted.equals(notRead)) return;
    for (let at = this.#digests.indexOf(wanted); at >= 0; at = this.#digests.indexOf(wanted, at + 1)) {
      if (at % digestBytes !== 0) continue;
      const index = at / digestBytes;
      yield { path: this.#pathOf(index), package: this.#file(index).package };
    }
  }

  /** Returns the {@link contentKeyOf} of all file contents, sorted and without duplicates. */
  contentKeys(): BigInt64Array {
    const keys = new BigInt64Array(this.size);
    for (let index = 0; index < this.size; index += 1) keys[index] = this.#digests.readBigInt64BE(index * digestBytes);
    return distinctContents(keys);
  }

  #file(index: number): ManifestFile {
    const owner = this.#packages[index]!;
    const digest = this.#digests.subarray(index * digestBytes, (index + 1) * digestBytes);
    return {
      sha256: digest.equals(notRead) ? null : digest.toString('hex'),
      package: owner === 0 ? null : this.#textAt(this.#packageNames[owner - 1]!),
    };
  }

  /** Returns the target of the link at a path; null without a link. */
  #linkOf(index: number, path: string): string | null {
    const nameAt = this.#names[index]!;
    const head = this.#text.readUInt16LE(nameAt);
    if ((head & isLink) === 0) return null;
    return joined(path.slice(0, path.lastIndexOf('/')), this.#textAt(nameAt + 2 + (head & maxNameBytes)));
  }

  /** Returns the path with its first linked directory resolved; null if no directory is a link. */
  #throughDirectories(path: string): string | null {
    for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const directory = path.slice(0, slash);
      const index = this.#indexOf(directory);
      const target = index < 0 ? null : this.#linkOf(index, directory);
      if (target !== null) return target === '/' ? path.slice(slash) : target + path.slice(slash);
    }
    return null;
  }

  #indexOf(path: string): number {
    const [low, high] = hashOf(path, this.#seed);
    for (let index = this.#firstAt(low, high); this.#low[index] === low && this.#high[index] === high; index += 1) {
      if (this.#isAt(index, path)) return index;
    }
    return -1;
  }

  /** Returns the index of a hash, or where it would be inserted (binary search). */
  #firstAt(low: number, high: number): number {
    const [highs, lows] = [this.#high, this.#low];
    let from = 0;
    let to = highs.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const isBefore = highs[middle]! < high || (highs[middle] === high && lows[middle]! < low);
      if (isBefore) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #isAt(index: number, path: string): boolean {
    const slash = path.lastIndexOf('/');
    return (
      this.#textAt(this.#names[index]!) === path.slice(slash + 1) &&
      this.#textAt(this.#directoryNames[this.#directories[index]!]!) === path.slice(0, slash)
    );
  }

  #pathOf(index: number): string {
    return `${this.#textAt(this.#directoryNames[this.#directories[index]!]!)}/${this.#textAt(this.#names[index]!)}`;
  }

  #textAt(at: number): string {
    const length = this.#text.readUInt16LE(at) & maxNameBytes;
    return this.#text.toString('utf8', at + 2, at + 2 + length);
  }
}

/** Packs the files of an image. The first file of a path wins. */
export function packManifest(files: Iterable<ImageFile>, seed: number = randomInt(2 ** 32)): PackedManifest {
  const text = new TextWriter();
  const rows = new Rows();
  for (const { path, sha256, package: owner, linkTarget } of files) {
    const slash = path.lastIndexOf('/');
    if (!path.startsWith('/') || path.length > maxNameBytes / 3) continue;
    const name = text.name(path.slice(slash + 1), linkTarget);
    const directory = text.directories.numberOfStart(path, slash);
    rows.add(path, seed, { name, directory, owner: owner === null ? 0 : text.packages.numberOf(owner) + 1, sha256 });
  }
  const { packages, directories } = text;
  const header = [magic, seed, rows.length, packages.starts.length, directories.starts.length, text.length];
  const packed = [
    ...[bytesOf(Uint32Array.from(header)), ...rows.sorted()],
    ...[bytesOf(Uint32Array.from(packages.starts)), bytesOf(Uint32Array.from(directories.starts)), text.bytes()],
  ];
  return new PackedManifest(Buffer.concat(packed));
}

interface Row {
  name: number;
  directory: number;
  owner: number;
  sha256: string | null;
}

/** Files by column: as objects a million of them would take most of the time and memory. */
class Rows {
  length = 0;
  #low = new Uint32Array(1_024);
  #high = new Uint32Array(1_024);
  #names = new Uint32Array(1_024);
  #directories = new Uint32Array(1_024);
  #owners = new Uint32Array(1_024);
  #digests = Buffer.alloc(1_024 * digestBytes);

  add(path: string, seed: number, { name, directory, owner, sha256 }: Row): void {
    const at = this.length;
    if (at === this.#low.length) this.#grow();
    const [low, high] = hashOf(path, seed);
    this.#low[at] = low;
    this.#high[at] = high;
    this.#names[at] = name;
    this.#directories[at] = directory;
    this.#owners[at] = owner;
    if (sha256 !== null) this.#digests.write(sha256, at * digestBytes, digestBytes, 'hex');
    this.length += 1;
  }

  /** Columns in the order of the format. */
  sorted(): Buffer[] {
    const order = orderBy([this.#low, this.#high], this.length);
    const columns = [this.#low, this.#high, this.#names, this.#directories, this.#owners];
    return [...columns.map((column) => bytesOf(inOrder(column, order, 1))), this.#digestsIn(order)];
  }

  #digestsIn(order: Uint32Array): Buffer {
    const words = new Uint32Array(this.#digests.buffer, this.#digests.byteOffset, this.#digests.length / 4);
    return bytesOf(inOrder(words, order, digestBytes / 4));
  }

  #grow(): void {
    const longer = (column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
      const copy = new Uint32Array(column.length * 2);
      copy.set(column);
      return copy;
    };
    this.#low = longer(this.#low);
    this.#high = longer(this.#high);
    this.#names = longer(this.#names);
    this.#directories = longer(this.#directories);
    this.#owners = longer(this.#owners);
    this.#digests = Buffer.concat([this.#digests, Buffer.alloc(this.#digests.length)]);
  }
}

/**
 * Indexes of rows sorted by several columns, the last one first, and then by themselves: a radix
 * sort, since comparisons of a million rows take a second.
 */
function orderBy(columns: readonly Uint32Array[], length: number): Uint32Array {
  let order = new Uint32Array(length);
  for (let row = 0; row < length; row += 1) order[row] = row;
  for (const column of columns) {
    for (const shift of [0, 16]) {
      const places = new Uint32Array(2 ** 16 + 1);
      for (const row of order) places[((column[row]! >>> shift) & 0xffff) + 1]! += 1;
      for (let digit = 0; digit < 2 ** 16; digit += 1) places[digit + 1]! += places[digit]!;
      const next = new Uint32Array(length);
      for (const row of order) next[places[(column[row]! >>> shift) & 0xffff]!++] = row;
      order = next;
    }
  }
  return order;
}

/** Records of `size` words in another order. */
function inOrder(words: Uint32Array, order: Uint32Array, size: number): Uint32Array {
  const sorted = new Uint32Array(order.length * size);
  let to = 0;
  for (const index of order)
    for (let word = index * size; word < (index + 1) * size; word += 1) sorted[to++] = words[word]!;
  return sorted;
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

class TextWriter {
  readonly packages = new Numbers(this);
  readonly directories = new Numbers(this);
  #bytes = Buffer.alloc(64 * 1024);
  length = 0;

  /** @returns the offset of the name in the text */
  name(text: string, linkTarget?: string): number {
    const at = this.length;
    this.#write(text, linkTarget === undefined ? 0 : isLink);
    if (linkTarget !== undefined) this.#write(linkTarget, 0);
    return at;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #write(text: string, mark: number): void {
    const room = 2 + text.length * 3;
    if (this.length + room > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length + room)]);
    }
    const length = Math.min(this.#bytes.write(text, this.length + 2), maxNameBytes);
    this.#bytes.writeUInt16LE(length | mark, this.length);
    this.length += 2 + length;
  }
}

/** String table: texts that many files share, stored once each. */
class Numbers {
  readonly starts: number[] = [];
  readonly #known = new Map<string, number>();
  #last = '';
  #lastNumber = -1;

  constructor(private readonly text: TextWriter) {}

  numberOf(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.starts.push(this.text.name(name));
    this.#known.set(name, this.starts.length - 1);
    return this.starts.length - 1;
  }

  /** As {@link numberOf} of the first `length` characters: most files are beside the one before. */
  numberOfStart(text: string, length: number): number {
    if (this.#lastNumber === -1 || length !== this.#last.length || !text.startsWith(this.#last)) {
      this.#last = text.slice(0, length);
      this.#lastNumber = this.numberOf(this.#last);
    }
    return this.#lastNumber;
  }
}

/**
 * Hashes a path to two 32-bit numbers. The seed differs for each manifest, so that an attacker
 * cannot prepare names that collide.
 */
function hashOf(path: string, seed: number): [low: number, high: number] {
  let low = seed ^ 0x811c_9dc5;
  let high = imul(seed, 0x9e37_79b1) ^ 0x1234_5677;
  for (let at = 0; at < path.length; at += 1) {
    const code = path.charCodeAt(at);
    low = imul(low ^ code, 0x0100_0193);
    high = imul(high ^ code ^ (low >>> 15), 0x85eb_ca6b);
    high ^= high >>> 13;
  }
  low = imul(low ^ (low >>> 16), 0xc2b2_ae35);
  high = imul(high ^ low ^ (high >>> 16), 0x27d4_eb2f);
  return [(low ^ (low >>> 15)) >>> 0, (high ^ (high >>> 15)) >>> 0];
}

/** Resolves the target of a link in a directory, without `.` and `..`. */
function joined(directory: string, target: string): string {
  const kept: string[] = [];
  for (const part of (target.startsWith('/') ? target : `${directory}/${target}`).split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return `/${kept.join('/')}`;
}

function damaged(): InvalidInput {
  return new InvalidInput('MANIFEST_DAMAGED', 'not the packed files of an image');
}

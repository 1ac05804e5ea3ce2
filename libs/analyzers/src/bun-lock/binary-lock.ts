import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';

import type { LibraryEntry } from '../library-package.js';

const magic = Buffer.from('#!/usr/bin/env bun\nbun-lockfile-format-v0\n');
const metaHashBytes = 32;
/**
 * Size of a package's resolution by version of the format: numbers of a version grew from 32 to 64
 * bits.
 */
const resolutionBytes = new Map([
  [2, 64],
  [3, 72],
]);
const textBytes = 8;
const hashBytes = 8;
const sliceBytes = 8;
/** Size of a dependency: name, hash of the name, behavior, requested version. */
const dependencyBytes = 26;
const behaviorAt = 16;
const behaviors = { normal: 2, optional: 4, dev: 8, peer: 16, workspace: 32 };
/** Kinds of sources of a package; packages of other kinds are in no registry. */
const origins = { root: 1, npm: 2, github: 16, gitlab: 24, git: 32, workspace: 72, remoteArchive: 80 };
const addresses: ReadonlySet<number> = new Set([origins.github, origins.gitlab, origins.git, origins.remoteArchive]);
/**
 * Limit on dependencies of all packages: slices may overlap, so the size of the file does not bound
 * them.
 */
const maxDependencies = 1_000_000;
/** Limit on a name or a part of a version; registries have no longer ones. */
const maxTextBytes = 1024;

/** Whether a file begins as Bun's binary lock files do. */
export function isBinaryLock(content: Buffer): boolean {
  return content.subarray(0, magic.length).equals(magic);
}

/**
 * Runtime packages of a `bun.lockb`. The file is a memory dump of Bun: the fields of all packages
 * in columns, then six arrays to which their slices refer. The fifth is ignored, the last holds all
 * longer texts.
 * @throws MalformedFile when it is cut short, or of a version other than 2 and 3
 * @throws LimitExceeded `maxDependencies`
 * @see https://github.com/oven-sh/bun/blob/bun-v1.2.0/src/install/lockfile.zig
 * "Package.Serializer", "Buffers"
 */
export function* readBinaryLock(content: Buffer): Generator<LibraryEntry> {
  const lock = layOut(content);
  for (const id of reachable(lock)) {
    const origin = originOf(lock, id);
    if (origin === origins.npm) yield readPackage(lock, id);
    else if (addresses.has(origin)) yield readAddressed(lock, id);
  }
}

interface Lock {
  content: Buffer;
  packages: number;
  /** Start of each column and distance between its values, in bytes. */
  columns: Record<'name' | 'resolution' | 'dependencies' | 'resolutions', { at: number; bytes: number }>;
  /** Package ids, one for each dependency. */
  resolutions: Buffer;
  dependencies: Buffer;
  texts: Buffer;
}

function layOut(content: Buffer): Lock {
  const version = u32(content, magic.length);
  const resolution = resolutionBytes.get(version);
  if (resolution === undefined) throw new MalformedFile(`a bun.lockb of version ${version}, which is not read`);
  const header = magic.length + 4 + metaHashBytes + 8;
  const packages = u64(content, header);
  const [start, end] = [u64(content, header + 24), u64(content, header + 32)];
  const widths = { name: textBytes, hash: hashBytes, resolution, dependencies: sliceBytes, resolutions: sliceBytes };
  const bytesEach = Object.values(widths).reduce((sum, bytes) => sum + bytes, 0);
  if (start > end || end > content.length || packages * bytesEach > end - start)
    throw new MalformedFile('a bun.lockb whose packages reach beyond its end');
  const columnAt = (...before: number[]) => start + packages * before.reduce((sum, bytes) => sum + bytes, 0);
  const beforeDependencies = [widths.name, widths.hash, resolution];
  const [, , resolutions, dependencies, , texts] = arraysFrom(content, end);
  return {
    content,
    packages,
    columns: {
      name: { at: columnAt(), bytes: textBytes },
      resolution: { at: columnAt(widths.name, widths.hash), bytes: resolution },
      dependencies: { at: columnAt(...beforeDependencies), bytes: sliceBytes },
      resolutions: { at: columnAt(...beforeDependencies, sliceBytes), bytes: sliceBytes },
    },
    resolutions: resolutions!,
    dependencies: dependencies!,
    texts: texts!,
  };
}

/**
 * Trees, hoisted dependencies, resolutions, dependencies, external texts, texts: each has its
 * bounds, then its data.
 */
function arraysFrom(content: Buffer, from: number): Buffer[] {
  const arrays: Buffer[] = [];
  for (let at = from; arrays.length < 6;) {
    const [start, end] = [u64(content, at), u64(content, at + 8)];
    if (start < at + 16 || start > end || end > content.length)
      throw new MalformedFile('a bun.lockb with an array beyond its end');
    arrays.push(content.subarray(start, end));
    at = end;
  }
  return arrays;
}

/**
 * Ids that the workspaces need at run time: development dependencies are not marked in any other
 * way.
 */
function reachable(lock: Lock): Set<number> {
  const seen = new Set<number>();
  for (let id = 0; id < lock.packages; id += 1) {
    const origin = originOf(lock, id);
    if (origin === origins.root || origin === origins.workspace) seen.add(id);
  }
  let followed = 0;
  // Iterating a set includes elements that are added during the iteration.
  for (const id of seen) {
    const [first, count] = sliceAt(lock, 'dependencies', id);
    const [firstResolution] = sliceAt(lock, 'resolutions', id);
    followed += count;
    if (followed > maxDependencies)
      throw new LimitExceeded('maxDependencies', `lock file of more than ${maxDependencies} dependencies`);
    for (let index = 0; index < count; index += 1) {
      if (!isRunTime(byteAt(lock.dependencies, (first + index) * dependencyBytes + behaviorAt))) continue;
      const resolved = u32(lock.resolutions, (firstResolution + index) * 4);
      // An unresolved dependency has the largest possible id.
      if (resolved < lock.packages) seen.add(resolved);
    }
  }
  return seen;
}

/**
 * Tests the bits of a dependency: an optional peer does not count unless another package depends on
 * it.
 */
function isRunTime(behavior: number): boolean {
  const { normal, optional, dev, peer, workspace } = behaviors;
  if ((behavior & normal) !== 0) return true;
  // Version 2 marks every dependency of a workspace.
  if ((behavior & dev) !== 0) return false;
  const asked = behavior & (optional | peer);
  return asked === 0 ? (behavior & workspace) !== 0 : asked !== (optional | peer);
}

function readPackage(lock: Lock, id: number): LibraryEntry {
  const { content, columns } = lock;
  const name = textAt(lock, columns.name.at + id * columns.name.bytes);
  const { at, bytes } = columns.resolution;
  // Layout: tag and padding, address of the archive, version.
  const version = at + id * bytes + 8 + textBytes;
  const numberBytes = bytes === 72 ? 8 : 4;
  const numbers = [0, 1, 2].map((part) => (numberBytes === 8 ? u64 : u32)(content, version + part * numberBytes));
  const labels = version + (numberBytes === 8 ? 24 : 16);
  const [pre, build] = [textAt(lock, labels), textAt(lock, labels + textBytes + hashBytes)];
  if (name === undefined || pre === undefined || build === undefined) return 'unreadable';
  return { name, version: `${numbers.join('.')}${pre && `-${pre}`}${build && `+${build}`}` };
}

function readAddressed(lock: Lock, id: number): LibraryEntry {
  const name = textAt(lock, lock.columns.name.at + id * lock.columns.name.bytes);
  return name === undefined ? 'unreadable' : { name, version: null };
}

function originOf({ content, columns: { resolution } }: Lock, id: number): number {
  return byteAt(content, resolution.at + id * resolution.bytes);
}

function sliceAt({ content, columns }: Lock, column: 'dependencies' | 'resolutions', id: number): [number, number] {
  const at = columns[column].at + id * sliceBytes;
  return [u32(content, at), u32(content, at + 4)];
}

/**
 * Reads a text: up to eight bytes are inline; for a longer one, marked by the highest bit, offset
 * and length.
 */
function textAt({ content, texts }: Lock, at: number): string | undefined {
  if ((byteAt(content, at + 7) & 0x80) === 0) {
    const inline = content.toString('utf8', at, at + textBytes);
    const end = inline.indexOf('\0');
    return end === -1 ? inline : inline.slice(0, end);
  }
  const [start, length] = [u32(content, at), u32(content, at + 4) & 0x7fffffff];
  if (length > maxTextBytes || start + length > texts.length) return undefined;
  return texts.toString('utf8', start, start + length);
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw cutShort();
  return byte;
}

function u32(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw cutShort();
  return bytes.readUInt32LE(at);
}

/** Exact up to 2^53; larger offsets lie beyond any file. */
function u64(bytes: Buffer, at: number): number {
  return u32(bytes, at) + u32(bytes, at + 4) * 2 ** 32;
}

function cutShort(): MalformedFile {
  return new MalformedFile('a bun.lockb that is cut short');
}

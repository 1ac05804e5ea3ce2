import { createHash, hash, type Hash } from 'node:crypto';

import { LimitExceeded } from '@tidewaiter/domain';

import { EntryTable } from './entry-table.js';
import type { DigestAlgorithm, EntryType, LayerEntry } from './layer-entry.js';
import { release } from './lent-memory.js';
import { maxLinkDepth, type LayerLimits } from './limits.js';
import { PathIndex } from './path-index.js';
import { baseOf, encodeName, hasParentSegment, linkDestination, normalizePath, parentOf } from './paths.js';
import type { TarMember, TarVisitor } from './tar.js';
import type { WarningList } from './warning.js';

/** Wanted path that is a link: its content is at `target`, if it exists. */
export interface Link {
  path: string;
  /** From the root; may itself be a link, or in another layer. */
  target: string;
}

const typesByFlag = new Map<string, EntryType>([
  ['0', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'character'],
  ['4', 'block'],
  ['5', 'directory'],
  ['6', 'fifo'],
]);

const whiteoutPrefix = '.wh.';
const opaqueWhiteout = '.wh..wh..opq';
const zeros = Buffer.alloc(1024 * 1024);
const nothing = Buffer.alloc(0);

/** Default digests of an entry. */
const defaultDigests = ['sha256'] as const;

/** File whose content the caller requested. */
export interface TakenFile {
  path: string;
  /** Valid only during the call: the memory is reused. */
  content: Buffer;
  mode: number;
}

/** Consumer of a file of any size, in pieces. */
export interface FileStream {
  /** The piece is valid only during the call. */
  write: (piece: Buffer) => void;
  /** Called when the file is complete; not if it could not be read to its end. */
  end: () => void;
}

/** Callbacks that select files of a layer and receive their content. */
export interface FileSink {
  /**
   * Whether the content of the file at this path is wanted. `head` are its first bytes,
   * {@link headBytes} at most.
   */
  wants: (path: string, head: Uint8Array, sizeBytes: number) => boolean;
  /**
   * Opens a consumer of the file at this path, beside `take` and without its limit; undefined if
   * the file is not wanted in pieces. Default: none is.
   */
  stream?: (path: string, head: Uint8Array, sizeBytes: number) => FileStream | undefined;
  /**
   * Work that must end before the layer is read on, such as that of consumers which decompress;
   * undefined if there is none.
   */
  settle?: () => Promise<void> | undefined;
  /** Called with each wanted file when it is complete. */
  take: (file: TakenFile) => void;
  /**
   * Called when a later entry of the layer replaces this path: content taken there no longer
   * counts, unless the file has another name left, the hard link `heir`.
   */
  replaced?: (path: string, heir?: string) => void;
  /**
   * Whether the target of a link at this path is wanted, under any name of its own. Default: never.
   */
  wantsLink?: (path: string) => boolean;
  /**
   * Whether the hard link at `path` makes its file `target` wanted in a way its own name does not.
   * Default: never.
   */
  wantsHardlink?: (path: string, target: string) => boolean;
  /** Digests to compute for the file at this path. Default: sha256. */
  digests?: (path: string) => readonly DigestAlgorithm[];
  /**
   * Whether a file has a use for its digests, asked once it has been passed to `take`. A file that
   * is not wanted has none, and one that is consumed in pieces always. Default: every file has.
   */
  needsDigests?: (path: string) => boolean;
  /** Called at intervals while the layer is read: a small blob may unpack to much. */
  progressed?: () => void;
}

/** Number of bytes at the start of a file that identify its kind. */
export const headBytes = 512;

/** File that is being read. */
interface OpenFile {
  entry: LayerEntry;
  /**
   * Empty (and no content) for sparse files above the budget: hashing their holes could take years.
   */
  digests: readonly DigestAlgorithm[];
  hashes?: [DigestAlgorithm, Hash][];
  /**
   * Undefined until enough bytes arrived to decide; then the content so far of a wanted file, else
   * null.
   */
  content?: Buffer | null;
  stream?: FileStream | undefined;
  /** Number of bytes that have arrived; until the decision they are buffered in `head`. */
  length: number;
  head?: Buffer | undefined;
}

const emptyDigests = { sha256: hash('sha256', nothing), md5: hash('md5', nothing), sha1: hash('sha1', nothing) };

/**
 * Digest of a whole file; precomputed for empty files, of which there are many: up to a million in
 * a bomb.
 */
function digestOf(algorithm: DigestAlgorithm, content: Buffer): string {
  return content.length === 0 ? emptyDigests[algorithm] : hash(algorithm, content);
}

function hashesOf({ digests }: OpenFile): [DigestAlgorithm, Hash][] {
  return digests.map((algorithm) => [algorithm, createHash(algorithm)]);
}

/**
 * Converts the members of a layer's tar into entries, hashes the files and passes on the wanted
 * ones.
 */
export class LayerCollector implements TarVisitor {
  readonly #sink: FileSink;
  readonly #limits: LayerLimits;
  readonly #warnings: WarningList;
  readonly #entries = new EntryTable();
  readonly #indexes = { none: this.#newIndex(), file: this.#newIndex(), opaque: this.#newIndex() };
  readonly #linkable = new Set<string>();
  readonly #links = new Map<string, string>();
  /** First hard link to a file, by the path of the file. */
  readonly #hardlinks = new Map<string, string>();
  #open: OpenFile | undefined;
  #nameBytes = 0;
  #sparseBytes = 0;

  constructor(sink: FileSink, limits: LayerLimits, warnings: WarningList) {
    this.#sink = sink;
    this.#limits = limits;
    this.#warnings = warnings;
  }

  result(): { entries: EntryTable; linkable: Set<string>; links: Link[] } {
    this.#entries.compact();
    return {
      entries: this.#entries,
      linkable: this.#linkable,
      links: Array.from(this.#links, ([path, target]) => ({ path, target })),
    };
  }

  start(member: TarMember): void {
    this.#countName(member.name);
    this.#countName(member.linkName);
    const path = normalizePath(member.name);
    const type = typesByFlag.get(member.flag);
    if (member.isRedirected) {
      this.#warnings.add('OVERLAY_ATTRIBUTE', path, 'attribute by which a runtime may show other files here');
    }
    if (type === undefined) {
      this.#warnings.add('UNKNOWN_ENTRY_TYPE', path, 'tar entry of a type that no runtime unpacks');
    } else if (path === '' && type !== 'directory') {
      this.#warnings.add('INVALID_NAME', path, 'tar entry without a name');
    } else if (this.#mayStand(member.name, path)) {
      if (baseOf(path).startsWith(whiteoutPrefix)) this.#addWhiteout(path);
      else this.#add(path, type, member);
    }
  }

  data(piece: Buffer): void {
    const file = this.#open;
    if (!file || this.#isDone(file)) return;
    // Most files arrive in one piece, which spares an object for each hash and a copy of the
    // content.
    if (file.length === 0 && piece.length === file.entry.size) this.#whole(file, piece);
    else this.#piece(file, piece);
  }

  hole(bytes: number): void {
    const file = this.#open;
    if (!file) return;
    for (let left = bytes; left > 0; left -= zeros.length) {
      if (this.#isDone(file)) return;
      this.#piece(file, zeros.subarray(0, Math.min(left, zeros.length)));
      this.#sink.progressed?.();
    }
  }

  end(): void {
    const file = this.#open;
    if (!file) return;
    this.#open = undefined;
    const { entry } = file;
    if (file.content === undefined) {
      if (file.length === 0) this.#whole(file, nothing);
      else this.#decide(file, file.head ?? nothing);
    }
    for (const [algorithm, hash] of file.hashes ?? []) entry[algorithm] = hash.digest('hex');
    if (file.content) {
      this.#take(file, file.content);
      if (!file.hashes) this.#digest(file, file.content);
      release(file.content);
    }
    file.stream?.end();
    this.#put(entry);
  }

  /**
   * Ends a file with unreadable content: lists it without digests, which would be those of other
   * content.
   */
  abandon(): void {
    const file = this.#open;
    if (!file) return;
    this.#open = undefined;
    if (file.content) release(file.content);
    this.#put(file.entry);
  }

  #whole(file: OpenFile, content: Buffer): void {
    file.length = content.length;
    file.content = null;
    const head = content.subarray(0, headBytes);
    this.#openStream(file, head, content);
    if (this.#isWanted(file, head)) this.#take(file, content);
    this.#digest(file, content);
  }

  /** Computes the digests of a file in one piece, if they have a use. */
  #digest({ entry, digests, stream }: OpenFile, content: Buffer): void {
    if (stream === undefined && this.#sink.needsDigests?.(entry.path) === false) return;
    for (const algorithm of digests) entry[algorithm] = digestOf(algorithm, content);
  }

  #piece(file: OpenFile, piece: Buffer): void {
    if (!this.#sink.needsDigests) file.hashes ??= hashesOf(file);
    for (const [, each] of file.hashes ?? []) each.update(piece);
    file.stream?.write(piece);
    file.length += piece.length;
    if (file.content) piece.copy(file.content, file.length - piece.length);
    else if (file.content === undefined) this.#begin(file, piece);
  }

  /** Collects pieces until they identify the file's kind; mostly the first one does. */
  #begin(file: OpenFile, piece: Buffer): void {
    const start = file.head ? Buffer.concat([file.head, piece]) : piece;
    if (start.length >= headBytes) this.#decide(file, start);
    else file.head = Buffer.from(start);
  }

  #decide(file: OpenFile, start: Buffer): void {
    file.head = undefined;
    file.content = null;
    const head = start.subarray(0, headBytes);
    this.#openStream(file, head, start);
    if (file.stream && !file.hashes) {
      file.hashes = hashesOf(file);
      for (const [, each] of file.hashes) each.update(start);
    }
    if (!this.#isWanted(file, head)) return;
    file.content = Buffer.allocUnsafe(file.entry.size);
    start.copy(file.content);
  }

  /** Whether the rest of a file can be skipped: it is neither hashed nor wanted. */
  #isDone({ digests, content, stream }: OpenFile): boolean {
    const isHashed = digests.length > 0 && this.#sink.needsDigests === undefined;
    return !isHashed && content === null && stream === undefined;
  }

  #openStream(file: OpenFile, head: Buffer, content: Buffer): void {
    file.stream = this.#sink.stream?.(file.entry.path, head, file.entry.size);
    if (content.length > 0) file.stream?.write(content);
  }

  #isWanted({ entry: { path, size } }: OpenFile, head: Buffer): boolean {
    if (!this.#sink.wants(path, head, size)) return false;
    const { maxWantedFileBytes } = this.#limits;
    if (size <= maxWantedFileBytes) return true;
    this.#warnings.add('FILE_TOO_LARGE', path, `file of ${size} bytes not read: the limit is ${maxWantedFileBytes}`);
    return false;
  }

  #take({ entry: { path, mode } }: OpenFile, content: Buffer): void {
    if (this.#sink.wantsLink?.(path)) this.#linkable.add(path);
    this.#sink.take({ path, content, mode });
  }

  /** Every name stays in memory until the layer is done. */
  #countName(name: string): void {
    const { maxPathBytes, maxNameBytes } = this.#limits;
    // A character has up to three bytes; most names are short enough not to be counted exactly.
    if (name.length * 3 > maxPathBytes && encodeName(name).length > maxPathBytes) {
      throw new LimitExceeded('maxPathBytes', `tar entry with a name of more than ${maxPathBytes} bytes`);
    }
    this.#nameBytes += name.length;
    if (this.#nameBytes > maxNameBytes) {
      throw new LimitExceeded('maxNameBytes', `layer with names of more than ${maxNameBytes} bytes`);
    }
  }

  /**
   * A name with `..` is resolved inside the root, as containerd does, but other unpackers reject
   * it: so it may add a file, never replace or remove an entry with a regular name.
   */
  #mayStand(name: string, path: string): boolean {
    if (!hasParentSegment(name)) return true;
    const stands = !this.#find(path) && !baseOf(path).startsWith(whiteoutPrefix);
    const outcome = stands ? 'taken as inside the root' : 'left out, as it would hide another entry';
    this.#warnings.add('PARENT_PATH', path, `tar entry whose name climbs with "..": ${outcome}`);
    return stands;
  }

  #addWhiteout(path: string): void {
    const base = baseOf(path);
    if (base === opaqueWhiteout) {
      // The root of an overlayfs is never opaque: what lies below it is there when the image runs.
      if (base === path)
        this.#warnings.add('INVALID_WHITEOUT', path, 'whiteout of the whole root, which hides nothing');
      else this.#putWhiteout(parentOf(path), 'opaque');
      return;
    }
    const name = base.slice(whiteoutPrefix.length);
    if (name === '' || name === '.' || name === '..') {
      this.#warnings.add('INVALID_WHITEOUT', path, 'whiteout without the name of a file');
      return;
    }
    this.#putWhiteout(normalizePath(`${parentOf(path)}/${name}`), 'file');
  }

  #putWhiteout(path: string, whiteout: 'file' | 'opaque'): void {
    const type = whiteout === 'opaque' ? 'directory' : 'file';
    this.#put({ path, type, mode: 0, uid: 0, gid: 0, size: 0, whiteout });
  }

  #add(path: string, type: EntryType, member: TarMember): void {
    if (this.#find(path)) {
      this.#linkable.delete(path);
      this.#links.delete(path);
      this.#sink.replaced?.(path, this.#heirOf(path));
      this.#hardlinks.delete(path);
    }
    const { mode, uid, gid, mtime } = member;
    const entry: LayerEntry = { path, type, mode, uid, gid, mtime, size: type === 'file' ? member.size : 0 };
    if (type === 'file' && member.capabilities !== undefined) entry.capabilities = member.capabilities;
    if (type === 'file') {
      this.#open = this.#openFile(entry, member.isSparse);
      return;
    }
    if (type === 'symlink') this.#addSymlink(entry, member.linkName);
    if (type === 'hardlink') this.#addHardlink(entry, normalizePath(member.linkName));
    this.#put(entry);
  }

  /**
   * Adds an entry and removes an earlier one of the same path: the last one wins, as when unpacked
   * in order.
   */
  #put(entry: LayerEntry): void {
    const before = this.#indexes[entry.whiteout ?? 'none'].set(entry.path, this.#entries.add(entry));
    if (before !== undefined) this.#entries.remove(before);
  }

  #find(path: string): LayerEntry | undefined {
    const index = this.#indexes.none.get(path);
    return index === undefined ? undefined : this.#entries.at(index);
  }

  #newIndex(): PathIndex {
    return new PathIndex((index) => this.#entries.at(index)!.path);
  }

  #openFile(entry: LayerEntry, isSparse: boolean): OpenFile {
    const digests = this.#sink.digests?.(entry.path) ?? defaultDigests;
    if (isSparse && !this.#fitsSparseBudget(entry)) {
      if (this.#sink.wants(entry.path, nothing, entry.size)) {
        this.#warnings.add('FILE_TOO_LARGE', entry.path, `sparse file of ${entry.size} bytes not read`);
      }
      return { entry, digests: [], content: null, length: 0 };
    }
    return { entry, digests, length: 0 };
  }

  #fitsSparseBudget({ path, size }: LayerEntry): boolean {
    const { maxSparseBytes } = this.#limits;
    if (this.#sparseBytes + size <= maxSparseBytes) {
      this.#sparseBytes += size;
      return true;
    }
    const message = `sparse file not hashed: sparse files of the layer have more than ${maxSparseBytes} bytes`;
    this.#warnings.add('SPARSE_FILE_NOT_HASHED', path, message);
    return false;
  }

  #addSymlink(entry: LayerEntry, target: string): void {
    entry.linkTarget = target;
    if (this.#sink.wantsLink?.(entry.path)) this.#links.set(entry.path, linkDestination(entry.path, target));
  }

  #addHardlink(entry: LayerEntry, target: string): void {
    entry.linkTarget = target;
    // When unpacked, a link removes the entry at its own path before it looks up its target.
    const original = target === entry.path ? undefined : this.#find(target);
    if (!original) {
      this.#warnings.add(
        'HARDLINK_WITHOUT_TARGET',
        entry.path,
        'hard link to a file that the layer does not hold before it',
      );
    } else {
      entry.size = original.size;
      for (const property of ['sha256', 'md5', 'sha1', 'capabilities'] as const) {
        const value = original[property];
        if (value !== undefined) entry[property] = value;
      }
    }
    const file = this.#fileOf(target);
    if (original && !this.#hardlinks.has(file)) this.#hardlinks.set(file, entry.path);
    if (this.#sink.wantsLink?.(entry.path) || this.#sink.wantsHardlink?.(entry.path, file)) {
      this.#links.set(entry.path, file);
    }
  }

  #heirOf(path: string): string | undefined {
    const heir = this.#hardlinks.get(path);
    return heir !== undefined && this.#find(heir)?.type === 'hardlink' ? heir : undefined;
  }

  /** The file that a hard link names, which may be a hard link itself. */
  #fileOf(path: string): string {
    let at = path;
    for (let depth = 0; depth < maxLinkDepth; depth += 1) {
      const entry = this.#find(at);
      if (entry?.type !== 'hardlink') break;
      at = normalizePath(entry.linkTarget ?? '');
    }
    return at;
  }
}

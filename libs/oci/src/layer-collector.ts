import { createHash, hash, type Hash } from 'node:crypto';

import { LimitExceeded } from '@tidewaiter/domain';

import type { EntryType, LayerEntry } from './layer-entry.js';
import type { LayerLimits } from './limits.js';
import { baseOf, encodeName, hasParentSegment, linkDestination, normalizePath, parentOf } from './paths.js';
import type { TarMember, TarVisitor } from './tar.js';
import type { WarningList } from './warning.js';

/** A path that is wanted and is a link: the content is at `target`, if anywhere. */
export interface Link {
  path: string;
  /** From the root; may itself be a link, or lie in another layer. */
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
const zeros = Buffer.alloc(64 * 1024);
const digestOfNothing = hash('sha256', '');

/** The file that is being read. */
interface OpenFile {
  entry: LayerEntry;
  /** False for sparse files above the budget: their holes could be hashed for years. */
  isHashed: boolean;
  hash?: Hash;
  /** The pieces of a wanted file. */
  kept?: Buffer[];
}

/** Turns the members of a layer's tar into entries, hashes the files and keeps the wanted ones. */
export class LayerCollector implements TarVisitor {
  readonly #wants: (path: string) => boolean;
  readonly #limits: LayerLimits;
  readonly #warnings: WarningList;
  readonly #entries = new Map<string, LayerEntry>();
  readonly #whiteouts = new Map<string, LayerEntry>();
  readonly #files = new Map<string, Buffer>();
  readonly #links = new Map<string, string>();
  #open: OpenFile | undefined;
  #nameBytes = 0;
  #sparseBytes = 0;
  #wantedBytes = 0;

  constructor(wants: (path: string) => boolean, limits: LayerLimits, warnings: WarningList) {
    this.#wants = wants;
    this.#limits = limits;
    this.#warnings = warnings;
  }

  result(): { entries: LayerEntry[]; files: Map<string, Buffer>; links: Link[] } {
    return {
      entries: [...this.#whiteouts.values(), ...this.#entries.values()],
      files: this.#files,
      links: Array.from(this.#links, ([path, target]) => ({ path, target })),
    };
  }

  start(member: TarMember): void {
    this.#countName(member.name);
    this.#countName(member.linkName);
    const path = normalizePath(member.name);
    const type = typesByFlag.get(member.flag);
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
    if (!file) return;
    file.kept?.push(Buffer.from(piece));
    if (!file.isHashed) return;
    // Most files arrive in one piece, and hashing that at once spares an object for each.
    if (piece.length === file.entry.size) file.entry.sha256 = hash('sha256', piece);
    else (file.hash ??= createHash('sha256')).update(piece);
  }

  hole(bytes: number): void {
    const file = this.#open;
    if (!file) return;
    file.kept?.push(Buffer.alloc(bytes));
    if (!file.isHashed) return;
    file.hash ??= createHash('sha256');
    for (let left = bytes; left > 0; left -= zeros.length) file.hash.update(zeros.subarray(0, left));
  }

  end(): void {
    const file = this.#open;
    if (!file) return;
    if (file.isHashed) file.entry.sha256 ??= file.hash?.digest('hex') ?? digestOfNothing;
    if (file.kept) this.#files.set(file.entry.path, Buffer.concat(file.kept));
    this.#open = undefined;
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
   * A name that climbs out of its directory is taken as inside the root, as containerd does, but other unpackers refuse
   * it: so it may add a file, never replace or remove what an honest name brought.
   */
  #mayStand(name: string, path: string): boolean {
    if (!hasParentSegment(name)) return true;
    const stands = !this.#entries.has(path) && !baseOf(path).startsWith(whiteoutPrefix);
    const outcome = stands ? 'taken as inside the root' : 'left out, as it would hide another entry';
    this.#warnings.add('PARENT_PATH', path, `tar entry whose name climbs with "..": ${outcome}`);
    return stands;
  }

  #addWhiteout(path: string): void {
    const base = baseOf(path);
    if (base === opaqueWhiteout) {
      this.#putWhiteout(parentOf(path), 'opaque');
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
    this.#whiteouts.set(`${whiteout}:${path}`, { path, type, mode: 0, uid: 0, gid: 0, size: 0, whiteout });
  }

  #add(path: string, type: EntryType, member: TarMember): void {
    // The last entry of a name wins, as when unpacked in order; its place in the list is its own.
    this.#entries.delete(path);
    this.#files.delete(path);
    this.#links.delete(path);
    const { mode, uid, gid } = member;
    const entry: LayerEntry = { path, type, mode, uid, gid, size: type === 'file' ? member.size : 0 };
    this.#entries.set(path, entry);
    if (type === 'file') this.#open = this.#openFile(entry, member.isSparse);
    if (type === 'symlink') this.#addSymlink(entry, member.linkName);
    if (type === 'hardlink') this.#addHardlink(entry, normalizePath(member.linkName));
  }

  #openFile(entry: LayerEntry, isSparse: boolean): OpenFile {
    const isHashed = !isSparse || this.#fitsSparseBudget(entry);
    return { entry, isHashed, ...(this.#keeps(entry) && { kept: [] }) };
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

  #keeps({ path, size }: LayerEntry): boolean {
    if (!this.#wants(path)) return false;
    const { maxWantedFileBytes, maxWantedBytes } = this.#limits;
    if (size > maxWantedFileBytes) {
      this.#warnings.add('FILE_TOO_LARGE', path, `file of ${size} bytes not read: the limit is ${maxWantedFileBytes}`);
      return false;
    }
    this.#wantedBytes += size;
    if (this.#wantedBytes > maxWantedBytes) {
      throw new LimitExceeded('maxWantedBytes', `layer with more than ${maxWantedBytes} bytes of files to read`);
    }
    return true;
  }

  #addSymlink(entry: LayerEntry, target: string): void {
    entry.linkTarget = target;
    if (this.#wants(entry.path)) this.#links.set(entry.path, linkDestination(entry.path, target));
  }

  #addHardlink(entry: LayerEntry, target: string): void {
    entry.linkTarget = target;
    const original = this.#entries.get(target);
    if (!original) {
      this.#warnings.add(
        'HARDLINK_WITHOUT_TARGET',
        entry.path,
        'hard link to a file that the layer does not hold before it',
      );
    } else if (original.sha256 !== undefined) {
      entry.sha256 = original.sha256;
      entry.size = original.size;
    }
    if (!this.#wants(entry.path)) return;
    const content = this.#files.get(target);
    if (content) this.#files.set(entry.path, content);
    else this.#links.set(entry.path, target);
  }
}

import { LimitExceeded, TidewaiterError } from '@tidewaiter/domain';
import {
  decompress,
  type FileStream,
  headBytes,
  layerLimits,
  readLayer,
  unsupportedCompression,
} from '@tidewaiter/oci';
import { redactedReason, searchedKind, SecretSearch, type FileSecrets, type SecretSighting } from '@tidewaiter/secrets';

import { mayHoldArchivedSecrets, searchArchive } from './archive-secrets.js';
import { oneLine } from './package-database.js';

const mib = 1 << 20;

/** Limits for one archive of a layer, including the archives in it. */
export const archiveLimits = {
  /** Archives in archives. */
  depth: 3,
  bytes: 2048 * mib,
  entries: 200_000,
  /** Ratio of content to compressed bytes, for archives with more content than `ratioFromBytes`. */
  ratio: 200,
  ratioFromBytes: 128 * mib,
  /** Bytes of a ZIP archive in another archive, which is in memory. */
  zipBytes: 64 * mib,
};

/** Bytes of the archives of a layer that are still read. */
export class ArchiveBudget {
  bytesLeft = 16 * 1024 * mib;
}

/** Documentation, translations and fonts: compressed one by one, by the thousand. */
const compressedData =
  /(?:^|\/)(?:usr\/(?:local\/)?share\/(?:man|doc|info|locale|i18n|fonts|console\w{1,10}|keymaps|kbd|help|gtk-doc|javadoc)|boot|lib\/modules|_cacache)\//;
/** Firmware, and tests of decompressors. */
const otherCompressedData = /(?:^|\/)(?:lib\/firmware|tests?|\w{0,20}testdata)\//;
/** Packages as their registries publish them. */
const publishedPackage = /\.(?:gem|crate|apk|deb|rpm|ipk|svgz)$/i;
/** Compressions that this version of Node cannot read; a file may have another name. */
const unsupported = /\.(?:tar\.(?:xz|bz2|lzma|lz|z|7z)|t[xb]z2?|tlz)$/i;

/**
 * Whether a file is a tar, or compressed. Its content decides: backups and caches have all kinds of
 * names.
 */
export function isStreamedArchive(path: string, head: Uint8Array): boolean {
  if (compressedData.test(path) || publishedPackage.test(path)) return false;
  if (isTar(head) || isCompressed(head) || unsupported.test(path)) return true;
  return (unsupportedCompression(head) ?? unreadCompression(head)) !== undefined && !otherCompressedData.test(path);
}

/** @see https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function isTar(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1', 257, 262) === 'ustar';
}

function isCompressed(head: Uint8Array): boolean {
  const [a, b, c, d] = head;
  return (a === 0x1f && b === 0x8b && c === 8) || (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd);
}

/** Compression of files alone; undefined if there is none. */
function unreadCompression(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 4)).toString('latin1');
  return start === '\u0004"M\u0018' ? 'lz4' : start === 'LZIP' ? 'lzip' : undefined;
}

/** Search of an archive for secrets and packages. */
export interface ArchiveSearch {
  /** Key of the fingerprints of secrets; undefined if they are not looked for. */
  key: Uint8Array | undefined;
  budget: ArchiveBudget;
  /** Whether the file of this name lists packages, or is an archive of them. */
  listsPackages: (name: string) => boolean;
}

/** Result of an archive. */
export interface ArchiveReading {
  sightings: SecretSighting[];
  /** Description of packages that may be in it. */
  packages?: string;
  /** First part that could not be read; the rest was. */
  problem?: string;
}

/**
 * Searches a tar or a compressed file for secrets and packages as it arrives, with the archives in
 * it.
 */
export class StreamedArchive implements FileStream {
  readonly #sightings: SecretSighting[] = [];
  readonly #pieces = new PieceQueue();
  readonly #done: Promise<void>;
  #nested: StreamedArchive[] = [];
  #problem: string | undefined;
  #packages: string | undefined;
  #bytes = 0;
  #contentBytes = 0;
  #isDone = false;

  constructor(
    private readonly path: string,
    private readonly search: ArchiveSearch,
    private readonly depth = 1,
  ) {
    this.#done = this.#read()
      .catch((error: unknown) => this.#refuse(error))
      .finally(() => {
        this.#isDone = true;
        this.#pieces.drop();
      });
  }

  write(piece: Buffer): void {
    this.#bytes += piece.length;
    this.#pieces.push(piece);
  }

  end(): void {
    this.#pieces.close();
  }

  /** Resolves when all pieces so far are read, and after the last one when the search is done. */
  async settle(): Promise<void> {
    await (this.#pieces.isClosed ? this.#done : Promise.race([this.#pieces.drained(), this.#done]));
  }

  /** Undefined until the search is done. */
  result(): ArchiveReading | undefined {
    if (!this.#isDone || !this.#pieces.isClosed) return undefined;
    const problem = this.#problem && `archive of ${this.#bytes} bytes: ${this.#problem}`;
    const packages = this.#packages && `packages in the archive are not read: ${this.#packages}`;
    if (this.search.key === undefined && problem) return { sightings: [], packages: packages ?? problem };
    return { sightings: this.#sightings, ...(problem && { problem }), ...(packages && { packages }) };
  }

  async #read(): Promise<void> {
    const limits = { ...layerLimits, maxUncompressedBytes: Number.MAX_SAFE_INTEGER };
    const { compression, chunks } = await decompress(this.#pieces, limits);
    const { head, content } = await peek(this.#metered(chunks));
    if (isTar(head)) await this.#readTar(content);
    else if (compression !== 'none') await this.#readFile(content, head);
    else {
      const unread = unreadCompression(head);
      if (unread) this.#problem = `archive compressed with ${unread}`;
    }
  }

  async #readTar(content: AsyncIterable<Buffer>): Promise<void> {
    await readLayer(content, {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      limits: { maxEntries: archiveLimits.entries, maxWantedFileBytes: archiveLimits.zipBytes },
      digests: () => [],
      wants: (name, head) => {
        if (this.search.listsPackages(name)) this.#packages ??= this.#placeOf(name);
        return this.search.key !== undefined && mayHoldArchivedSecrets(name, head);
      },
      take: ({ path, content: zip }) => this.#searchZip(this.#placeOf(path), zip),
      stream: (name, head) => this.#stream(this.#placeOf(name), name, head),
      settle: () => this.#settleNested(),
    });
  }

  /** A single file: its name is that of the archive without the ending. */
  async #readFile(content: AsyncIterable<Buffer>, head: Uint8Array): Promise<void> {
    const name = this.path.replace(/\.(?:gz|zst)$/i, '');
    if (this.search.listsPackages(name)) this.#packages = name;
    const stream = this.#stream(this.path, name, head);
    if (stream === undefined) return;
    for await (const piece of content) {
      stream.write(piece);
      await this.#settleNested();
    }
    stream.end();
    await this.#settleNested();
  }

  #placeOf(name: string): string {
    return `${this.path}!/${oneLine(name)}`;
  }

  #stream(path: string, name: string, head: Uint8Array): FileStream | undefined {
    if (isStreamedArchive(name, head)) return this.#openNested(path);
    const { key } = this.search;
    const kind = searchedKind(name, head);
    if (key === undefined || kind === undefined) return undefined;
    const search = new SecretSearch(path, key, kind);
    return { write: (piece) => search.write(piece), end: () => this.#add(search.end(), path) };
  }

  #openNested(path: string): StreamedArchive | undefined {
    if (this.depth === archiveLimits.depth) {
      this.#problem ??= `${path} is nested more than ${archiveLimits.depth} deep and was not read`;
      return undefined;
    }
    const nested = new StreamedArchive(path, this.search, this.depth + 1);
    this.#nested.push(nested);
    return nested;
  }

  #searchZip(path: string, content: Buffer): void {
    const { secrets = [], warning } = searchArchive(path, content, this.search.key!);
    this.#sightings.push(...secrets.map(({ archive: _, ...sighting }) => sighting));
    if (warning) this.#problem ??= `${path}: ${warning.message}`;
  }

  #add({ sightings, damage }: FileSecrets, path: string): void {
    this.#sightings.push(...sightings);
    if (damage !== undefined) this.#problem ??= `${path}: ${damage}`;
  }

  #settleNested(): Promise<void> | undefined {
    return this.#nested.length === 0 ? undefined : this.#finishNested();
  }

  async #finishNested(): Promise<void> {
    await Promise.all(this.#nested.map((nested) => nested.settle()));
    this.#nested = this.#nested.filter((nested) => {
      const result = nested.result();
      if (result === undefined) return true;
      this.#sightings.push(...result.sightings);
      if (result.problem !== undefined) this.#problem ??= result.problem;
      this.#packages ??= nested.#packages;
      return false;
    });
  }

  /** @throws LimitExceeded `maxArchiveBytes`, `maxRatio` */
  async *#metered(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const { bytes, ratio, ratioFromBytes } = archiveLimits;
    for await (const chunk of chunks) {
      this.#contentBytes += chunk.length;
      this.search.budget.bytesLeft -= chunk.length;
      if (this.#contentBytes > bytes || this.search.budget.bytesLeft < 0)
        throw new LimitExceeded(
          'maxArchiveBytes',
          `content above ${this.#contentBytes - chunk.length} bytes was not read`,
        );
      if (this.#contentBytes > ratioFromBytes && this.#contentBytes > ratio * this.#bytes)
        throw new LimitExceeded('maxRatio', `content of more than ${ratio} times its size was not read`);
      yield chunk;
    }
  }

  #refuse(error: unknown): void {
    if (!(error instanceof TidewaiterError)) throw error;
    // The reader of layers reads archives, too.
    this.#problem ??= redactedReason(error).replace(/^layer\b/, 'archive');
  }
}

/** Reads the first bytes, and gives all of them again. */
async function peek(chunks: AsyncGenerator<Buffer>): Promise<{ head: Buffer; content: AsyncIterable<Buffer> }> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < headBytes) {
    const next = await chunks.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (first.length > 0) yield first;
    yield* chunks;
  }
  return { head: first.subarray(0, headBytes), content: all() };
}

/** Pieces between a writer that cannot wait and a reader that can. */
class PieceQueue implements AsyncIterable<Buffer> {
  isClosed = false;
  #pieces: Buffer[] = [];
  #isDropped = false;
  #arrived = Promise.withResolvers<void>();
  #emptied = Promise.withResolvers<void>();

  push(piece: Buffer): void {
    if (this.#isDropped) return;
    if (this.#pieces.length === 0) this.#emptied = Promise.withResolvers();
    // The piece is lent, and its memory is used again after the call.
    this.#pieces.push(Buffer.from(piece));
    this.#arrived.resolve();
  }

  close(): void {
    this.isClosed = true;
    this.#arrived.resolve();
  }

  /** Ends the reading: what arrives later is not kept. */
  drop(): void {
    this.#isDropped = true;
    this.#pieces = [];
    this.#emptied.resolve();
  }

  /** Resolves when the reader has taken all pieces and waits for more. */
  async drained(): Promise<void> {
    if (this.#pieces.length > 0) await this.#emptied.promise;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      for (let piece = this.#pieces[0]; piece; piece = this.#pieces[0]) {
        yield piece;
        // It leaves the queue when the reader comes back for the next one.
        this.#pieces.shift();
      }
      this.#emptied.resolve();
      if (this.isClosed) return;
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
  }
}

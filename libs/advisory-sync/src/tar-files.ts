import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

const block = 512;
const maxFileBytes = 128 * 1024 * 1024;
const maxFiles = 2_000_000;

/** Regular file of an archive. */
export interface TarFile {
  name: string;
  content: Buffer;
}

/**
 * Yields the files of a tar archive of records one after another. Names longer than 255 characters,
 * links and other entries are left out.
 * @throws InvalidInput `ARCHIVE_INVALID`
 * @throws LimitExceeded `maxFileBytes`, `maxFiles`
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html "ustar"
 */
export async function* tarFiles(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile, void, undefined> {
  const input = new Input(bytes);
  for (let files = 0; ; files += 1) {
    if (files > maxFiles) throw new LimitExceeded('maxFiles', `more than ${maxFiles} files`);
    const header = await input.take(block);
    // The end: two empty blocks, or nothing at all.
    if (header.length === 0 || header.every((byte) => byte === 0)) return;
    const { name, size, isFile } = readHeader(header);
    if (size > maxFileBytes) throw new LimitExceeded('maxFileBytes', `${name}: more than ${maxFileBytes} bytes`);
    const content = await input.take(size);
    await input.take((block - (size % block)) % block);
    if (content.length < size) throw invalid('it ends inside a file');
    if (isFile) yield { name, content };
  }
}

function readHeader(header: Buffer): { name: string; size: number; isFile: boolean } {
  if (header.length < block || checksumOf(header) !== numberIn(header, 148, 8)) throw invalid('a broken header');
  const [name, prefix] = [textIn(header, 0, 100), textIn(header, 345, 155)];
  const isUstar = textIn(header, 257, 6).startsWith('ustar');
  const type = header[156]!;
  return {
    name: isUstar && prefix !== '' ? `${prefix}/${name}` : name,
    size: numberIn(header, 124, 12),
    isFile: type === 0x30 || type === 0,
  };
}

function checksumOf(header: Buffer): number {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return sum;
}

function textIn(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

function numberIn(header: Buffer, start: number, length: number): number {
  const digits = textIn(header, start, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw invalid('a broken number');
  return Number.parseInt(digits, 8);
}

function invalid(reason: string): InvalidInput {
  return new InvalidInput('ARCHIVE_INVALID', `not a tar archive: ${reason}`);
}

class Input {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  /** Returns as many bytes, or fewer at the end. */
  async take(length: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [this.#held];
    let bytes = this.#held.length;
    while (bytes < length) {
      const next = await this.#source.next();
      if (next.done) break;
      pieces.push(next.value);
      bytes += next.value.length;
    }
    const all = pieces.length === 1 ? this.#held : Buffer.concat(pieces);
    this.#held = all.subarray(length);
    return all.subarray(0, length);
  }
}

import { crc32, deflateRawSync } from 'node:zlib';

/** File of an archive to write; omitted fields are correct. */
export interface ZipFile {
  name: string;
  content: string | Buffer;
  /** Otherwise deflated. */
  isStored?: boolean;
  /** Fields of the directory, true or not. */
  claims?: Partial<{
    size: number;
    compressedSize: number;
    crc: number;
    offset: number;
    flags: number;
    method: number;
  }>;
  /** Writes size, compressed size and offset into the ZIP64 extra field. */
  isZip64?: boolean;
}

/** A ZIP archive for tests, with the requested signatures, sizes and false fields. */
export function zipArchive(files: readonly ZipFile[], { comment = '', isZip64 = false } = {}): Buffer {
  const locals: Buffer[] = [];
  const headers: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const content = Buffer.from(file.content);
    const data = file.isStored ? content : deflateRawSync(content);
    const name = Buffer.from(file.name);
    const method = file.isStored ? 0 : 8;
    const fields = { size: content.length, compressedSize: data.length, crc: crc32(content), offset, method, flags: 0 };
    const local = concat(u32(0x04034b50), u16(20, 0, method, 0, 0), u32(fields.crc, data.length, content.length));
    const record = concat(local, u16(name.length, 0), name, data);
    headers.push(centralHeader(name, { ...fields, ...file.claims }, file.isZip64 ?? false));
    locals.push(record);
    offset += record.length;
  }
  const directory = concat(...headers);
  return concat(...locals, directory, endOf(files.length, directory.length, offset, isZip64), endComment(comment));
}

type Fields = Required<NonNullable<ZipFile['claims']>>;

function centralHeader(name: Buffer, { size, compressedSize, crc, offset, flags, method }: Fields, isZip64: boolean) {
  const extra = isZip64 ? concat(u16(1, 24), u64(size, compressedSize, offset)) : Buffer.alloc(0);
  const all = 0xffffffff;
  return concat(
    u32(0x02014b50),
    u16(20, 20, flags, method, 0, 0),
    isZip64 ? u32(crc, all, all) : u32(crc, compressedSize, size),
    u16(name.length, extra.length, 0, 0, 0, 0, 0),
    u32(isZip64 ? all : offset),
    name,
    extra,
  );
}

function endOf(entries: number, size: number, offset: number, isZip64: boolean): Buffer {
  if (!isZip64) return concat(u32(0x06054b50), u16(0, 0, entries, entries), u32(size, offset));
  return concat(
    concat(u32(0x06064b50), u64(44), u16(45, 45), u32(0, 0), u64(entries, entries, size, offset)),
    concat(u32(0x07064b50, 0), u64(offset + size), u32(1)),
    concat(u32(0x06054b50), u16(0, 0, 0xffff, 0xffff), u32(0xffffffff, 0xffffffff)),
  );
}

function endComment(comment: string): Buffer {
  return concat(u16(Buffer.byteLength(comment)), Buffer.from(comment));
}

function concat(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

function u16(...values: readonly number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer);
}

function u32(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function u64(...values: readonly number[]): Buffer {
  return Buffer.from(BigUint64Array.from(values, BigInt).buffer);
}

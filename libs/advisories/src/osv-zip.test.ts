import { crc32, deflateRawSync } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { readOsvZip } from './osv-zip.js';
import type { OsvZipItem, RandomAccess } from './osv-zip.js';

interface ZipEntryInput {
  name: string;
  content: Buffer;
  method?: number;
  packed?: Buffer;
  flags?: number;
  crc?: number;
  size?: number;
  packedSize?: number;
  offset?: number;
}

const descriptorFlag = 8;

const file = (name: string, json: unknown, parts: Partial<ZipEntryInput> = {}): ZipEntryInput => ({
  name: `${name}.json`,
  content: Buffer.from(JSON.stringify(json)),
  ...parts,
});

/**
 * Writes an archive as the bucket does: as a stream, with sizes only behind the data and in the
 * central directory.
 */
function zipOf(files: ZipEntryInput[], { zip64 = false, entryCount = files.length } = {}): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method = 8, packed = pack(content, method), flags = descriptorFlag, ...lies } of files) {
    const checksum = numbers([4, lies.crc ?? crc32(content)]);
    const sizes = [lies.packedSize ?? packed.length, lies.size ?? content.length] as const;
    const local = numbers(
      [4, 0x04034b50],
      [2, 20],
      [2, flags],
      [2, method],
      [4, 0],
      [4, 0],
      [4, 0],
      [4, 0],
      [2, name.length],
      [2, 0],
    );
    const descriptor = Buffer.concat([
      numbers([4, 0x08074b50]),
      checksum,
      numbers([4, packed.length], [4, content.length]),
    ]);
    const body = Buffer.concat([local, Buffer.from(name), packed, descriptor]);
    const position = lies.offset ?? offset;
    const extra = zip64 ? numbers([2, 1], [2, 24], [8, sizes[1]], [8, sizes[0]], [8, position]) : Buffer.alloc(0);
    const short = (value: number): [number, number] => [4, zip64 ? 0xffffffff : value];
    directory.push(
      numbers([4, 0x02014b50], [2, 20], [2, 20], [2, flags], [2, method], [4, 0]),
      checksum,
      numbers(
        short(sizes[0]),
        short(sizes[1]),
        [2, name.length],
        [2, extra.length],
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        short(position),
      ),
      Buffer.from(name),
      extra,
    );
    bodies.push(body);
    offset += body.length;
  }
  const length = Buffer.concat(directory).length;
  const end64 = [
    numbers(
      [4, 0x06064b50],
      [8, 44],
      [2, 45],
      [2, 45],
      [4, 0],
      [4, 0],
      [8, entryCount],
      [8, entryCount],
      [8, length],
      [8, offset],
    ),
    numbers([4, 0x07064b50], [4, 0], [8, offset + length], [4, 1]),
  ];
  const [count, start] = zip64 ? [0xffff, 0xffffffff] : [entryCount, offset];
  const end = numbers(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, zip64 ? start : length],
    [4, start],
    [2, 0],
  );
  return Buffer.concat([...bodies, ...directory, ...(zip64 ? end64 : []), end]);
}

function pack(content: Buffer, method: number): Buffer {
  return method === 8 ? deflateRawSync(content) : content;
}

/** Little-endian numbers, each with its length in bytes. */
function numbers(...values: [bytes: number, value: number][]): Buffer {
  return Buffer.concat(
    values.map(([bytes, value]) => {
      const buffer = Buffer.alloc(bytes);
      if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value));
      else buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}

/** Gives at most `atOnce` bytes a read, as a file may. */
function reading(zip: Buffer, atOnce = Infinity): RandomAccess {
  return {
    read: (buffer, offset, length, position) =>
      Promise.resolve({ bytesRead: zip.copy(buffer, offset, position, position + Math.min(length, atOnce)) }),
  };
}

async function itemsOf(zip: Buffer, reader = reading(zip)): Promise<OsvZipItem[]> {
  return Array.fromAsync(readOsvZip(reader, zip.length));
}

describe('readOsvZip', () => {
  const records = [
    file('A', { id: 'A' }),
    file('B', { id: 'B', details: 'é'.repeat(400_000) }),
    file('C', { id: 'C' }, { method: 0 }),
  ];
  const read = records.map(({ name, content }) => ({
    name,
    json: JSON.parse(content.toString()) as unknown,
    sizeBytes: content.length,
  }));

  it.each([
    ['data descriptors', zipOf(records), undefined],
    ['zip64', zipOf(records, { zip64: true }), undefined],
    ['folders', zipOf([{ name: 'folder/', content: Buffer.alloc(0), method: 0 }, ...records]), undefined],
    ['a reader of few bytes', zipOf(records), 1_000],
  ])('reads an archive with %s', async (_, zip, atOnce) => {
    expect(await itemsOf(zip, reading(zip, atOnce))).toEqual(read);
  });

  it('reads an archive without entries', async () => {
    expect(await itemsOf(zipOf([]))).toEqual([]);
  });

  const broken = { id: 'broken' };
  it.each<[string, Partial<ZipEntryInput>, string]>([
    ['a broken stream', { packed: Buffer.from('no deflate') }, 'OSV_ZIP'],
    ['a wrong checksum', { crc: 1 }, 'OSV_ZIP'],
    ['encryption', { flags: descriptorFlag | 1 }, 'OSV_ZIP'],
    ['an unknown method', { method: 12 }, 'OSV_ZIP'],
    ['more content than promised', { size: 3 }, 'OSV_ZIP'],
    ['no local header', { offset: 1 }, 'OSV_ZIP'],
    ['a place behind the end', { offset: 0xfffffff0 }, 'OSV_ZIP'],
    ['data behind the end', { packedSize: 9_999_999 }, 'OSV_ZIP'],
    ['too much content', { size: 17_000_000 }, 'LIMIT_EXCEEDED'],
    ['too much packed content', { packedSize: 17_000_000 }, 'LIMIT_EXCEEDED'],
    ['a bomb', { content: Buffer.alloc(17_000_000) }, 'LIMIT_EXCEEDED'],
    ['a bomb that lies', { content: Buffer.alloc(17_000_000), size: 1_000 }, 'OSV_ZIP'],
    ['text', { content: Buffer.from('<xml>') }, 'OSV_ZIP'],
    ['nothing', { content: Buffer.alloc(0) }, 'OSV_ZIP'],
  ])('continues after an entry with %s', async (_, parts, code) => {
    const items = await itemsOf(zipOf([records[0]!, file('broken', broken, parts), records[2]!]));
    expect(items).toEqual([
      read[0],
      { name: 'broken.json', error: expect.objectContaining({ code }) as unknown },
      read[2],
    ]);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no archive', Buffer.from('{"id":"A"}'.repeat(10))],
    ['half an archive', zipOf(records).subarray(0, 200)],
    ['a directory that is cut', zipOf(records, { entryCount: 5 })],
    ['a directory behind the end', zipOf([], { zip64: true, entryCount: 3 })],
  ])('rejects %s', async (_, zip) => {
    await expect(itemsOf(zip)).rejects.toThrow(InvalidInput);
    await expect(itemsOf(zip)).rejects.toMatchObject({ code: 'OSV_ZIP' });
  });

  it('bounds the number of entries', async () => {
    const zip = zipOf(records, { zip64: true, entryCount: 5_000_000 });
    await expect(itemsOf(zip)).rejects.toThrow(LimitExceeded);
  });

  it('limits the total unpacked size, also of overlapping entries', async () => {
    const shared = file('A', { id: 'A' }, { offset: 0, size: 16 * 1024 * 1024 });
    const zip = zipOf(Array.from({ length: 4_097 }, () => shared));
    await expect(itemsOf(zip)).rejects.toMatchObject({ limit: 'maxTotalBytes' });
  });

  it('does not report a disk error as a broken archive', async () => {
    const failure = Object.assign(new Error('i/o error'), { code: 'EIO' });
    await expect(itemsOf(zipOf(records), { read: () => Promise.reject(failure) })).rejects.toBe(failure);
  });

  it('can be stopped early', async () => {
    const zip = zipOf(records);
    for await (const item of readOsvZip(reading(zip), zip.length)) {
      expect(item).toEqual(read[0]);
      break;
    }
  });
});

// Puts data into a program for Linux: a note of the ELF file, which the program finds in its own memory.
// What `postject` does, whose copy of LIEF rewrites the whole file; Node reads its main script there.

const loadable = 1;
const note = 4;
const programHeaders = 6;
const readable = 4;
/** The largest page of Linux on x64 and arm64. */
const pageBytes = 65_536;
const headerBytes = 56;

/**
 * Appends a segment with one note, and a copy of the program headers with the entries of both, as
 * there is no room behind the headers.
 * @throws Error for anything but a 64-bit ELF program, little endian
 * @see elf(5); https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html
 */
export function withNote(program, name, content) {
  if (program.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new Error('not a 64-bit ELF program');
  const headers = readHeaders(program);
  const segments = headers.filter(({ type }) => type === loadable);
  // Linux before 5.18 expects the headers as far from the first segment in memory as in the file.
  const distance = segments[0].address - segments[0].offset;
  const endInMemory = Math.max(...segments.map(({ address, memoryBytes }) => address + memoryBytes));
  const offset = roundUp(Math.max(program.length, endInMemory - distance), pageBytes);

  const entries = (headers.length + 2) * headerBytes;
  const noteBytes = encodeNote(name, content);
  const place = (at, bytes) => ({ offset: at, address: at + distance, fileBytes: bytes, memoryBytes: bytes });
  const segment = { type: loadable, flags: readable, ...place(offset, entries + noteBytes.length), align: pageBytes };
  const added = { type: note, flags: readable, ...place(offset + entries, noteBytes.length), align: 4 };
  const last = headers.lastIndexOf(segments.at(-1));
  // Loadable segments are sorted by address.
  const all = headers
    .toSpliced(last + 1, 0, segment)
    .concat(added)
    .map((header) => (header.type === programHeaders ? { ...header, ...place(offset, entries) } : header));

  const result = Buffer.alloc(offset + entries + noteBytes.length);
  program.copy(result);
  result.writeBigUInt64LE(BigInt(offset), 32);
  result.writeUInt16LE(all.length, 56);
  for (const [index, header] of all.entries()) writeHeader(result, offset + index * headerBytes, header);
  noteBytes.copy(result, offset + entries);
  return result;
}

function readHeaders(program) {
  const start = Number(program.readBigUInt64LE(32));
  return Array.from({ length: program.readUInt16LE(56) }, (_, index) => {
    const at = start + index * headerBytes;
    const long = (field) => Number(program.readBigUInt64LE(at + field));
    return {
      type: program.readUInt32LE(at),
      flags: program.readUInt32LE(at + 4),
      offset: long(8),
      address: long(16),
      fileBytes: long(32),
      memoryBytes: long(40),
      align: long(48),
    };
  });
}

function writeHeader(program, at, { type, flags, offset, address, fileBytes, memoryBytes, align }) {
  program.writeUInt32LE(type, at);
  program.writeUInt32LE(flags, at + 4);
  const fields = [offset, address, address, fileBytes, memoryBytes, align];
  for (const [index, value] of fields.entries()) program.writeBigUInt64LE(BigInt(value), at + 8 + index * 8);
}

function encodeNote(name, content) {
  const nameBytes = name.length + 1;
  const start = 12 + roundUp(nameBytes, 4);
  const bytes = Buffer.alloc(start + roundUp(content.length, 4));
  bytes.writeUInt32LE(nameBytes, 0);
  bytes.writeUInt32LE(content.length, 4);
  bytes.write(name, 12, 'latin1');
  content.copy(bytes, start);
  return bytes;
}

function roundUp(value, step) {
  return Math.ceil(value / step) * step;
}

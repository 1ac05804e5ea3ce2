/** Segment or section of an ELF file. */
export interface ElfPart {
  offset: number;
  sizeBytes: number;
  isExecutable: boolean;
  isWritable: boolean;
}

/**
 * Parts of an ELF file that distinguish packed programs from others. All values may be false;
 * ranges are within the file.
 */
export interface ElfHeader {
  /** Segments that are loaded. */
  segments: ElfPart[];
  /** Sections with loaded content; empty if the program was stripped of the table. */
  sections: ElfPart[];
}

const maxTableEntries = 256;
const loadable = 1;
const programBits = 1;
const segmentFlags = { execute: 1, write: 2 };
const sectionFlags = { write: 1, allocated: 2, execute: 4 };

/** Whether a file with these first bytes is ELF. */
export function isElf(head: Uint8Array): boolean {
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

/**
 * Reads segments and sections as far as they are in the file; undefined without an ELF header.
 * @see https://gabi.xinuos.com/elf/02-eheader.html
 */
export function readElfHeader(content: Buffer): ElfHeader | undefined {
  const is64 = content[4] === 2;
  if (content.length < (is64 ? 64 : 52) || !isElf(content)) return undefined;
  const reader = readerOf(content, content[5] !== 2, is64);
  return { segments: readSegments(reader, is64), sections: readSections(reader, is64) };
}

interface Reader {
  sizeBytes: number;
  u16: (at: number) => number;
  u32: (at: number) => number;
  word: (at: number) => number;
}

/** Numbers beyond the end are 0. */
function readerOf(content: Buffer, isLittle: boolean, is64: boolean): Reader {
  const has = (at: number, bytes: number) => Number.isSafeInteger(at) && at >= 0 && at + bytes <= content.length;
  const u16 = (at: number) => (!has(at, 2) ? 0 : isLittle ? content.readUInt16LE(at) : content.readUInt16BE(at));
  const u32 = (at: number) => (!has(at, 4) ? 0 : isLittle ? content.readUInt32LE(at) : content.readUInt32BE(at));
  const u64 = (at: number) => u32(isLittle ? at + 4 : at) * 2 ** 32 + u32(isLittle ? at : at + 4);
  return { sizeBytes: content.length, u16, u32, word: is64 ? u64 : u32 };
}

function readSegments(reader: Reader, is64: boolean): ElfPart[] {
  const { u16, u32, word } = reader;
  const parts: ElfPart[] = [];
  for (const at of tableOf(reader, word(is64 ? 32 : 28), u16(is64 ? 54 : 42), u16(is64 ? 56 : 44))) {
    const flags = u32(at + (is64 ? 4 : 24));
    const part = partOf(reader, word(at + (is64 ? 8 : 4)), word(at + (is64 ? 32 : 16)));
    if (u32(at) !== loadable || !part) continue;
    const [isExecutable, isWritable] = [(flags & segmentFlags.execute) !== 0, (flags & segmentFlags.write) !== 0];
    parts.push({ ...part, isExecutable, isWritable });
  }
  return parts;
}

function readSections(reader: Reader, is64: boolean): ElfPart[] {
  const { u16, u32, word } = reader;
  const parts: ElfPart[] = [];
  for (const at of tableOf(reader, word(is64 ? 40 : 32), u16(is64 ? 58 : 46), u16(is64 ? 60 : 48))) {
    const flags = word(at + 8);
    const part = partOf(reader, word(at + (is64 ? 24 : 16)), word(at + (is64 ? 32 : 20)));
    if (u32(at + 4) !== programBits || !part || (flags & sectionFlags.allocated) === 0) continue;
    const [isExecutable, isWritable] = [(flags & sectionFlags.execute) !== 0, (flags & sectionFlags.write) !== 0];
    parts.push({ ...part, isExecutable, isWritable });
  }
  return parts;
}

/** Positions of the entries of a table. */
function tableOf({ sizeBytes }: Reader, start: number, entryBytes: number, count: number): number[] {
  if (start === 0 || entryBytes < 32) return [];
  const fitting = Math.max(0, Math.floor((sizeBytes - start) / entryBytes));
  return Array.from({ length: Math.min(count, fitting, maxTableEntries) }, (_, index) => start + index * entryBytes);
}

function partOf(
  { sizeBytes }: Reader,
  offset: number,
  claimedBytes: number,
): Pick<ElfPart, 'offset' | 'sizeBytes'> | undefined {
  const inFile = Math.min(claimedBytes, sizeBytes - offset);
  return inFile > 0 ? { offset, sizeBytes: inFile } : undefined;
}

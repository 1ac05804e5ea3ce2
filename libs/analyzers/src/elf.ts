import { MalformedFile } from '@tidewaiter/domain';
import { isElf } from '@tidewaiter/integrity';

/** Entry of the section table, untrusted: sections may overlap or exceed the file. */
export interface ElfSection {
  /** Empty if the name table lacks it. */
  name: string;
  type: number;
  flags: number;
  /** Address in memory; 0 for a section that is not loaded. */
  address: number;
  /** Offset in the file, in bytes. */
  offset: number;
  sizeBytes: number;
  /** Index of another section; for a symbol table, the section of its names. */
  link: number;
}

/** Entry of the program header table: part of the file that is loaded, and its address. */
export interface ElfSegment {
  type: number;
  flags: number;
  offset: number;
  address: number;
  /** Size in the file; in memory zeros may follow. */
  sizeBytes: number;
}

/** The tables of an ELF file. Addresses above 2^53 are inexact. */
export interface Elf {
  bits: 32 | 64;
  isLittleEndian: boolean;
  /** One of {@link elfTypes}, or another number. */
  type: number;
  sections: ElfSection[];
  segments: ElfSegment[];
  /** Description of the part of the tables that could not be read. */
  damage?: string;
}

/** Kinds of ELF files that run. */
export const elfTypes = { executable: 2, shared: 3 };
export const elfSegmentTypes = { load: 1 };
export const elfSegmentFlags = { execute: 1, write: 2 };
export const elfSectionTypes = { symbols: 2, empty: 8, dynamicSymbols: 11 };

/**
 * Chromium has some 50 sections, a kernel some hundreds; object files with a section for each
 * function are not read.
 */
const maxHeaders = 65_536;
const maxNameBytes = 256;

/**
 * Whether these first bytes belong to an ELF program or shared library: no object file, kernel
 * module or core dump.
 */
export function isElfProgram(head: Uint8Array): boolean {
  if (!isElf(head)) return false;
  const type = head[5] === 2 ? head[17] : head[16];
  return type === elfTypes.executable || type === elfTypes.shared;
}

const libraryOfDistribution = /^(?:usr\/)?lib(?:32|64|x32)?\/.*\.so(?:\.[\w.-]{1,64})?$/;

/**
 * Whether a file is in a directory of a distribution's shared libraries, which are large, numerous
 * and owned by packages: no program that is identified by its content is among them.
 */
export function isDistributionLibrary(path: string): boolean {
  return path.includes('.so') && libraryOfDistribution.test(path);
}

/**
 * Reads section and program headers. Tables that exceed the file are read up to its end, with
 * `damage`.
 * @throws MalformedFile without an ELF header
 * @see https://gabi.xinuos.com/elf/02-eheader.html
 */
export function readElf(content: Buffer): Elf {
  const bits = content[4] === 2 ? 64 : 32;
  const isLittleEndian = content[5] === 1;
  if (content.length < (bits === 64 ? 64 : 52) || !isElf(content)) throw new MalformedFile('no ELF header');
  const numbers = numbersOf(content, isLittleEndian, bits);
  const tables = readTables(numbers, bits);
  const sectionStarts = startsOf(tables.sections, content.length);
  const segmentStarts = startsOf(tables.segments, content.length);
  const names = nameTableOf(numbers, sectionStarts[tables.namesAt], bits);
  const isCut =
    sectionStarts.length < tables.sections.count ||
    segmentStarts.length < tables.segments.count ||
    !isInFile(content, names);
  return {
    bits,
    isLittleEndian,
    type: numbers.u16(16),
    sections: sectionStarts.map((start) => ({
      name: readName(sectionContent(content, names), numbers.u32(start)),
      ...readSection(numbers, start, bits),
    })),
    segments: segmentStarts.map((start) => readSegment(numbers, start, bits)),
    ...(isCut && { damage: 'ELF headers cut off' }),
  };
}

interface Table {
  start: number;
  entryBytes: number;
  count: number;
}

function readTables({ u16, u32, word }: Numbers, bits: 32 | 64): { sections: Table; segments: Table; namesAt: number } {
  const [segmentsAt, sectionsAt, counts] = bits === 64 ? [32, 40, 54] : [28, 32, 42];
  const segments = { start: word(segmentsAt), entryBytes: u16(counts), count: u16(counts + 2) };
  const sections = { start: word(sectionsAt), entryBytes: u16(counts + 4), count: u16(counts + 6) };
  const namesAt = u16(counts + 8);
  if (sections.start === 0) return { segments, sections: { ...sections, count: 0 }, namesAt };
  // Numbers that do not fit into 16 bits are in the first section header, which is otherwise
  // unused.
  const [sizeAt, linkAt, infoAt] = bits === 64 ? [32, 40, 44] : [20, 24, 28];
  return {
    segments: segments.count === 0xffff ? { ...segments, count: u32(sections.start + infoAt) } : segments,
    sections: sections.count === 0 ? { ...sections, count: word(sections.start + sizeAt) } : sections,
    namesAt: namesAt === 0xffff ? u32(sections.start + linkAt) : namesAt,
  };
}

/** Offsets of those entries of a table that are inside the file. */
function startsOf({ start, entryBytes, count }: Table, fileBytes: number): number[] {
  // The entry size depends on the format; the smallest is the 32-bit program header, of 32 bytes.
  if (entryBytes < 32) return [];
  const fitting = Math.floor((fileBytes - start) / entryBytes);
  const length = Math.max(0, Math.min(count, fitting, maxHeaders));
  return Array.from({ length }, (_, index) => start + index * entryBytes);
}

/** Section that holds the names of sections; empty if there is none. */
function nameTableOf(numbers: Numbers, start: number | undefined, bits: 32 | 64): SectionPlace {
  return start === undefined ? { type: 0, offset: 0, sizeBytes: 0 } : readSection(numbers, start, bits);
}

/** Reads numbers of a file at an offset; beyond its end they are 0. */
export interface Numbers {
  u16: (at: number) => number;
  u32: (at: number) => number;
  /** Address or size of the file's own width. */
  word: (at: number) => number;
}

/** Creates a reader for this byte order and width of addresses. */
export function numbersOf(content: Buffer, isLittleEndian: boolean, bits: 32 | 64): Numbers {
  const fits = (at: number, bytes: number) => at >= 0 && at + bytes <= content.length;
  const u16 = (at: number) =>
    fits(at, 2) ? (isLittleEndian ? content.readUInt16LE(at) : content.readUInt16BE(at)) : 0;
  const u32 = (at: number) =>
    fits(at, 4) ? (isLittleEndian ? content.readUInt32LE(at) : content.readUInt32BE(at)) : 0;
  const u64 = (at: number) => {
    const [low, high] = isLittleEndian ? [u32(at), u32(at + 4)] : [u32(at + 4), u32(at)];
    return high * 2 ** 32 + low;
  };
  return { u16, u32, word: bits === 64 ? u64 : u32 };
}

/** @see https://gabi.xinuos.com/elf/03-sheader.html */
function readSection({ u32, word }: Numbers, start: number, bits: 32 | 64): Omit<ElfSection, 'name'> {
  const wordBytes = bits / 8;
  const words = start + 8;
  return {
    type: u32(start + 4),
    flags: word(words),
    address: word(words + wordBytes),
    offset: word(words + 2 * wordBytes),
    sizeBytes: word(words + 3 * wordBytes),
    link: u32(words + 4 * wordBytes),
  };
}

/** @see https://gabi.xinuos.com/elf/07-pheader.html */
function readSegment({ u32, word }: Numbers, start: number, bits: 32 | 64): ElfSegment {
  const wordBytes = bits / 8;
  const words = start + (bits === 64 ? 8 : 4);
  return {
    type: u32(start),
    flags: u32(start + (bits === 64 ? 4 : 24)),
    offset: word(words),
    address: word(words + wordBytes),
    sizeBytes: word(words + 3 * wordBytes),
  };
}

function readName(names: Buffer, at: number): string {
  const bytes = names.subarray(at, at + maxNameBytes);
  const end = bytes.indexOf(0);
  return end === -1 ? '' : bytes.toString('latin1', 0, end);
}

type SectionPlace = Pick<ElfSection, 'type' | 'offset' | 'sizeBytes'>;

/** Bytes of a section inside the file; they share its memory. */
export function sectionContent(content: Buffer, { type, offset, sizeBytes }: SectionPlace): Buffer {
  return type === elfSectionTypes.empty ? content.subarray(0, 0) : content.subarray(offset, offset + sizeBytes);
}

/** Whether the whole of a section is in the file. */
export function isInFile(content: Buffer, { type, offset, sizeBytes }: SectionPlace): boolean {
  return type === elfSectionTypes.empty || offset + sizeBytes <= content.length;
}

/** File offset of an address; undefined if no part of the file is loaded there. */
export function fileOffsetOf({ segments }: Elf, address: number): number | undefined {
  for (const segment of segments) {
    const into = address - segment.address;
    if (segment.type === elfSegmentTypes.load && into >= 0 && into < segment.sizeBytes) return segment.offset + into;
  }
  return undefined;
}

/** Address of a symbol; a stripped file has only those that other files link to. */
export function symbolAddress(content: Buffer, elf: Elf, name: string): number | undefined {
  for (const type of [elfSectionTypes.symbols, elfSectionTypes.dynamicSymbols]) {
    const table = elf.sections.find((each) => each.type === type);
    const address = table && addressIn(table, content, elf, name);
    if (address !== undefined) return address;
  }
  return undefined;
}

function addressIn(table: ElfSection, content: Buffer, elf: Elf, name: string): number | undefined {
  const names = elf.sections[table.link];
  if (!names) return undefined;
  const nameAt = sectionContent(content, names).indexOf(`\0${name}\0`, 0, 'latin1') + 1;
  if (nameAt === 0) return undefined;
  const { u32, word } = numbersOf(content, elf.isLittleEndian, elf.bits);
  const [entryBytes, valueAt] = elf.bits === 64 ? [24, 8] : [16, 4];
  const end = Math.min(table.offset + table.sizeBytes, content.length);
  for (let at = table.offset; at + entryBytes <= end; at += entryBytes) {
    if (u32(at) === nameAt) return word(at + valueAt);
  }
  return undefined;
}

import { isElf } from '@tidewaiter/integrity';

import {
  elfSegmentFlags,
  elfSegmentTypes,
  fileOffsetOf,
  isElfProgram,
  isInFile,
  numbersOf,
  readElf,
  sectionContent,
  type Elf,
  type ElfSegment,
} from '../elf.js';

/** Program of any operating system, as far as Go's build information needs it. */
export interface Executable {
  content: Buffer;
  /** Possible places of the build information: its own section, else writable data. */
  data: { bytes: Buffer; address: number }[];
  offsetOf: (address: number) => number | undefined;
  /** ELF file of Go, for one without build information. */
  legacyElf?: Elf;
  /** Read-only data of such a file. */
  constants: Buffer;
  /** Reason why build information may exist but was not found. */
  damage?: string;
}

/** Whether a file with these first bytes is a program of Linux, Windows or macOS. */
export function isExecutable(head: Uint8Array): boolean {
  return isElfProgram(head) || isPe(head) || isMachO(head);
}

/** @throws MalformedFile for a file that claims to be ELF */
export function executableOf(content: Buffer): Executable {
  if (isElf(content)) return elfExecutable(content);
  return segmentedExecutable(content, isPe(content) ? peSegments(content) : machOSegments(content));
}

function elfExecutable(content: Buffer): Executable {
  const elf = readElf(content);
  const named = (name: string) => elf.sections.find((section) => section.name === name);
  const own = named('.go.buildinfo');
  const isGo = named('.gopclntab') !== undefined || named('.note.go.buildid') !== undefined;
  // Without section table (packers and strippers remove it) only the data segments remain.
  const isUnknown = elf.sections.every(({ name }) => name === '');
  const constants = named('.rodata');
  const damage = own && !isInFile(content, own) ? 'Go build information cut off' : elf.damage;
  return {
    content,
    data: own ? [{ bytes: sectionContent(content, own), address: own.address }] : [],
    offsetOf: (address) => fileOffsetOf(elf, address),
    constants: constants ? sectionContent(content, constants) : Buffer.alloc(0),
    ...(!own && (isGo || isUnknown) && { data: dataOf(content, elf.segments.filter(isData)) }),
    ...((own || isGo) && { legacyElf: elf }),
    ...(damage !== undefined && { damage }),
  };
}

function isData({ type, flags }: ElfSegment): boolean {
  const { write, execute } = elfSegmentFlags;
  return type === elfSegmentTypes.load && (flags & (write | execute)) === write;
}

/** Programs have one or two; overlapping ones of a hostile file must not multiply the work. */
const maxDataSegments = 8;

type Place = Pick<ElfSegment, 'address' | 'offset' | 'sizeBytes'>;

function dataOf(content: Buffer, segments: readonly Place[]): Executable['data'] {
  return segments
    .slice(0, maxDataSegments)
    .map(({ offset, sizeBytes, address }) => ({ bytes: content.subarray(offset, offset + sizeBytes), address }));
}

interface Segment extends Place {
  isWritable: boolean;
}

function segmentedExecutable(content: Buffer, segments: readonly Segment[]): Executable {
  const offsetOf = (wanted: number) => {
    const found = segments.find(({ address, sizeBytes }) => wanted >= address && wanted < address + sizeBytes);
    return found && wanted - found.address + found.offset;
  };
  const data = dataOf(
    content,
    segments.filter(({ isWritable }) => isWritable),
  );
  return { content, data, offsetOf, constants: Buffer.alloc(0) };
}

function isPe(head: Uint8Array): boolean {
  return head[0] === 0x4d && head[1] === 0x5a;
}

/** @see https://learn.microsoft.com/windows/win32/debug/pe-format, "Section Table" */
function peSegments(content: Buffer): Segment[] {
  const { u16, u32 } = numbersOf(content, true, 32);
  const header = u32(0x3c);
  if (u32(header) !== 0x4550) return [];
  const optional = header + 24;
  const is64 = u16(optional) === 0x20b;
  const base = is64 ? numbersOf(content, true, 64).word(optional + 24) : u32(optional + 28);
  const table = optional + u16(header + 20);
  return Array.from({ length: Math.min(u16(header + 6), maxPeSections) }, (_, index) => {
    const at = table + index * 40;
    return {
      address: base + u32(at + 12),
      offset: u32(at + 20),
      sizeBytes: u32(at + 16),
      isWritable: (u32(at + 36) & 0x80000040) >>> 0 === 0x80000040,
    };
  });
}

/** The format allows 96. */
const maxPeSections = 96;

function isMachO(head: Uint8Array): boolean {
  return (head[0] === 0xcf || head[0] === 0xce) && head[1] === 0xfa && head[2] === 0xed && head[3] === 0xfe;
}

/** @see https://github.com/apple-oss-distributions/xnu, EXTERNAL_HEADERS/mach-o/loader.h */
function machOSegments(content: Buffer): Segment[] {
  const bits = content[0] === 0xcf ? 64 : 32;
  const [headerBytes, segmentCommand, wordBytes] = bits === 64 ? [32, 0x19, 8] : [28, 0x1, 4];
  const { u32, word } = numbersOf(content, true, bits);
  const segments: Segment[] = [];
  const commands = Math.min(u32(16), maxLoadCommands);
  for (let index = 0, at = headerBytes; index < commands && at < content.length; index += 1) {
    if (u32(at) === segmentCommand) {
      const [address, , offset, sizeBytes] = [0, 1, 2, 3].map((field) => word(at + 24 + field * wordBytes));
      const protection = u32(at + 28 + 4 * wordBytes);
      segments.push({
        address: address!,
        offset: offset!,
        sizeBytes: sizeBytes!,
        isWritable: (protection & 2) !== 0,
      });
    }
    at += Math.max(u32(at + 4), 8);
  }
  return segments;
}

const maxLoadCommands = 1_024;

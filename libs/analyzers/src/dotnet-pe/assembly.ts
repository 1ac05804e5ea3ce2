import { MalformedFile } from '@tidewaiter/domain';

import { bytesAt, halfAt, wordAt, type PeFile } from './pe-file.js';

/** Identity of a .NET assembly. */
export interface Assembly {
  name: string;
  /** Four numbers; they state compatibility rather than a release. */
  version: string;
  /** Empty except for translations. */
  culture: string;
  /** Whether its publisher signed it with a key, which is usual for libraries. */
  isStrongNamed: boolean;
}

const clrDirectory = 14;
const metadataSignature = 0x424a5342; // 'BSJB'
const assemblyTable = 0x20;
const maxStreams = 32;
const maxNameLength = 256;

/**
 * Reads the identity of an assembly; undefined if the file is no .NET assembly.
 * @throws MalformedFile when its metadata points outside the file
 * @see https://ecma-international.org/publications-and-standards/standards/ecma-335/ sections
 * II.22.2, II.24.2
 */
export function readAssembly(file: PeFile): Assembly | undefined {
  const header = bytesAt(file, file.directories[clrDirectory]?.address ?? 0);
  const metadata = header && bytesAt(file, wordAt(header, 8));
  if (!metadata || wordAt(metadata, 0) !== metadataSignature) return undefined;
  const streams = readStreams(metadata);
  const tables = streams.get('#~');
  const strings = streams.get('#Strings');
  return tables && strings && readIdentity(tables, strings);
}

function readStreams(metadata: Buffer): Map<string, Buffer> {
  const streams = new Map<string, Buffer>();
  let at = 16 + wordAt(metadata, 12);
  const count = Math.min(halfAt(metadata, at + 2), maxStreams);
  at += 4;
  for (let index = 0; index < count; index += 1) {
    const offset = wordAt(metadata, at);
    const name = zeroEnded(metadata, at + 8);
    streams.set(name, metadata.subarray(offset, offset + wordAt(metadata, at + 4)));
    at += 8 + Math.ceil((name.length + 1) / 4) * 4;
  }
  return streams;
}

function zeroEnded(bytes: Buffer, at: number): string {
  const text = bytes.toString('utf8', Math.min(at, bytes.length), Math.min(at + maxNameLength, bytes.length));
  const end = text.indexOf('\0');
  if (end === -1) throw new MalformedFile('metadata with a name without end');
  return text.slice(0, end);
}

/** Coded indexes: tables to which a column may refer, distinguished by this number of bits. */
const pointers = {
  typeDefOrRef: { tagBits: 2, tables: [0x02, 0x01, 0x1b] },
  hasConstant: { tagBits: 2, tables: [0x04, 0x08, 0x17] },
  hasCustomAttribute: {
    tagBits: 5,
    tables: [
      ...[0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x00, 0x0e, 0x17, 0x14],
      ...[0x11, 0x1a, 0x1b, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2a, 0x2c, 0x2b],
    ],
  },
  hasFieldMarshal: { tagBits: 1, tables: [0x04, 0x08] },
  hasDeclSecurity: { tagBits: 2, tables: [0x02, 0x06, 0x20] },
  memberRefParent: { tagBits: 3, tables: [0x02, 0x01, 0x1a, 0x06, 0x1b] },
  hasSemantics: { tagBits: 1, tables: [0x14, 0x17] },
  methodDefOrRef: { tagBits: 1, tables: [0x06, 0x0a] },
  memberForwarded: { tagBits: 1, tables: [0x04, 0x06] },
  customAttributeType: { tagBits: 3, tables: [0x06, 0x0a] },
  resolutionScope: { tagBits: 2, tables: [0x00, 0x1a, 0x23, 0x01] },
} as const satisfies Readonly<Record<string, { tagBits: number; tables: readonly number[] }>>;

/**
 * Columns of the tables up to that of assemblies: bytes, the number of a table, a pointer or a
 * heap.
 */
type Column = keyof typeof pointers | 'string' | 'guid' | 'blob' | `${2 | 4} bytes` | number;
const columns: readonly (readonly Column[])[] = [
  /* 00 Module */ ['2 bytes', 'string', 'guid', 'guid', 'guid'],
  /* 01 TypeRef */ ['resolutionScope', 'string', 'string'],
  /* 02 TypeDef */ ['4 bytes', 'string', 'string', 'typeDefOrRef', 0x04, 0x06],
  /* 03 FieldPtr */ [0x04],
  /* 04 Field */ ['2 bytes', 'string', 'blob'],
  /* 05 MethodPtr */ [0x06],
  /* 06 MethodDef */ ['4 bytes', '2 bytes', '2 bytes', 'string', 'blob', 0x08],
  /* 07 ParamPtr */ [0x08],
  /* 08 Param */ ['2 bytes', '2 bytes', 'string'],
  /* 09 InterfaceImpl */ [0x02, 'typeDefOrRef'],
  /* 0A MemberRef */ ['memberRefParent', 'string', 'blob'],
  /* 0B Constant */ ['2 bytes', 'hasConstant', 'blob'],
  /* 0C CustomAttribute */ ['hasCustomAttribute', 'customAttributeType', 'blob'],
  /* 0D FieldMarshal */ ['hasFieldMarshal', 'blob'],
  /* 0E DeclSecurity */ ['2 bytes', 'hasDeclSecurity', 'blob'],
  /* 0F ClassLayout */ ['2 bytes', '4 bytes', 0x02],
  /* 10 FieldLayout */ ['4 bytes', 0x04],
  /* 11 StandAloneSig */ ['blob'],
  /* 12 EventMap */ [0x02, 0x14],
  /* 13 EventPtr */ [0x14],
  /* 14 Event */ ['2 bytes', 'string', 'typeDefOrRef'],
  /* 15 PropertyMap */ [0x02, 0x17],
  /* 16 PropertyPtr */ [0x17],
  /* 17 Property */ ['2 bytes', 'string', 'blob'],
  /* 18 MethodSemantics */ ['2 bytes', 0x06, 'hasSemantics'],
  /* 19 MethodImpl */ [0x02, 'methodDefOrRef', 'methodDefOrRef'],
  /* 1A ModuleRef */ ['string'],
  /* 1B TypeSpec */ ['blob'],
  /* 1C ImplMap */ ['2 bytes', 'memberForwarded', 'string', 0x1a],
  /* 1D FieldRVA */ ['4 bytes', 0x04],
  /* 1E EncLog */ ['4 bytes', '4 bytes'],
  /* 1F EncMap */ ['4 bytes'],
];

const hasExtraData = 0x40;
const wideHeaps = { string: 1, guid: 2, blob: 4 };

/**
 * Reads the assembly table. Tables follow each other without offsets, so it starts where the others
 * end.
 */
function readIdentity(tables: Buffer, strings: Buffer): Assembly | undefined {
  const heaps = halfAt(tables, 6) & 0xff;
  const { rows, end } = readRowCounts(tables);
  if (rows[assemblyTable] === 0) return undefined;
  const sizeOf = (column: Column) => columnBytes(column, rows, heaps);
  let at = end + ((heaps & hasExtraData) === 0 ? 0 : 4);
  for (const [table, of] of columns.entries()) {
    const rowBytes = of.reduce<number>((bytes, column) => bytes + sizeOf(column), 0);
    at += rowBytes * rows[table]!;
  }
  const keyAt = at + 16;
  const nameAt = keyAt + sizeOf('blob');
  const textIn = (column: number) =>
    zeroEnded(strings, sizeOf('string') === 2 ? halfAt(tables, column) : wordAt(tables, column));
  return {
    name: textIn(nameAt),
    version: [4, 6, 8, 10].map((part) => halfAt(tables, at + part)).join('.'),
    culture: textIn(nameAt + sizeOf('string')),
    isStrongNamed: (sizeOf('blob') === 2 ? halfAt(tables, keyAt) : wordAt(tables, keyAt)) !== 0,
  };
}

/** Reads a bit for each existing table, then the row count of each of them. */
function readRowCounts(tables: Buffer): { rows: readonly number[]; end: number } {
  const rows: number[] = [];
  let end = 24;
  for (let table = 0; table < 64; table += 1) {
    const isThere = (wordAt(tables, 8 + Math.floor(table / 32) * 4) & (1 << (table % 32))) !== 0;
    rows.push(isThere ? wordAt(tables, end) : 0);
    if (isThere) end += 4;
  }
  return { rows, end };
}

function columnBytes(column: Column, rows: readonly number[], heaps: number): number {
  if (typeof column === 'number') return rows[column]! < 2 ** 16 ? 2 : 4;
  if (column === '2 bytes' || column === '4 bytes') return column === '2 bytes' ? 2 : 4;
  if (column === 'string' || column === 'guid' || column === 'blob') return (heaps & wideHeaps[column]) === 0 ? 2 : 4;
  const { tagBits, tables } = pointers[column];
  return tables.every((table) => rows[table]! < 2 ** (16 - tagBits)) ? 2 : 4;
}

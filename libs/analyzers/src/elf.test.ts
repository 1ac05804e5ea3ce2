import { TidewaiterError } from '@tidewaiter/domain';
import { isElf } from '@tidewaiter/integrity';
import { elfFile, type ElfShape } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import {
  elfSectionTypes,
  elfTypes,
  fileOffsetOf,
  isElfProgram,
  readElf,
  sectionContent,
  symbolAddress,
} from './elf.js';

const text = { name: '.text', content: 'code', address: 0x401000, flags: 5 };
const data = { name: '.data', content: 'values', address: 0x502000 };
const note = { name: '.note', content: 'not loaded' };
const sections = [text, data, note];

const shapes: ElfShape[] = [
  { bits: 64, isLittleEndian: true },
  { bits: 64, isLittleEndian: false },
  { bits: 32, isLittleEndian: true },
  { bits: 32, isLittleEndian: false },
];

describe('readElf', () => {
  it.each(shapes)('reads sections and segments of %j', (shape) => {
    const content = elfFile(sections, shape);
    const elf = readElf(content);
    expect(elf).toMatchObject({ ...shape, type: elfTypes.executable });
    expect(elf.damage).toBeUndefined();
    expect(elf.sections.map(({ name }) => name)).toEqual(['', '.text', '.data', '.note', '.shstrtab']);
    expect(elf.sections.slice(1, 4).map((section) => sectionContent(content, section).toString())).toEqual([
      'code',
      'values',
      'not loaded',
    ]);
    expect(elf.segments.map(({ address, flags, sizeBytes }) => [address, flags, sizeBytes])).toEqual([
      [0x401000, 5, 4],
      [0x502000, 6, 6],
    ]);
  });

  it.each(shapes)('maps addresses to the file in %j', (shape) => {
    const content = elfFile(sections, shape);
    const elf = readElf(content);
    const at = (address: number) => fileOffsetOf(elf, address);
    expect(content.toString('latin1', at(0x401001), at(0x401001)! + 3)).toBe('ode');
    expect(content.toString('latin1', at(0x502000), at(0x502000)! + 6)).toBe('values');
    expect([0, 0x400fff, 0x401004, 0x502006, Number.NaN].map(at)).toEqual(Array(5).fill(undefined));
  });

  it.each(shapes)('finds the address of a symbol in %j', (shape) => {
    const name = Buffer.alloc(shape.bits === 64 ? 48 : 32);
    const value = Buffer.alloc(4);
    if (shape.isLittleEndian) value.writeUInt32LE(0x1234);
    else value.writeUInt32BE(0x1234);
    // Second entry, since the first is always empty: its name is at offset 7 of the names.
    const [nameAt, valueAt] = shape.bits === 64 ? [24, 32] : [16, 20];
    name[nameAt + (shape.isLittleEndian ? 0 : 3)] = 7;
    value.copy(name, valueAt + (shape.bits === 64 && !shape.isLittleEndian ? 4 : 0));
    const content = elfFile(
      [
        { name: '.symtab', content: name, type: elfSectionTypes.symbols, link: 2 },
        { name: '.strtab', content: '\0other\0wanted\0', type: 3 },
      ],
      shape,
    );
    expect(symbolAddress(content, readElf(content), 'wanted')).toBe(0x1234);
    expect(symbolAddress(content, readElf(content), 'want')).toBeUndefined();
  });

  it('recognizes ELF and programs by their first bytes', () => {
    const head = (type: number, isLittleEndian = true) => elfFile([text], { type, isLittleEndian }).subarray(0, 64);
    expect([head(1), head(2), head(3), head(4), head(3, false)].map((bytes) => isElfProgram(bytes))).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
    expect([head(1), Buffer.from('\u007fELF'), Buffer.from('\u007fELG'), Buffer.alloc(0)].map(isElf)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each(['', '\u007fELF', '\u007fELF\u0002\u0001\u0001', 'MZ', `\u007fELG${'\0'.repeat(80)}`])(
    'rejects %j, which has no header',
    (bytes) => {
      expect(() => readElf(Buffer.from(bytes))).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
    },
  );

  it('reads a file without section table', () => {
    const elf = readElf(elfFile(sections, { hasNoSections: true }));
    expect(elf).toMatchObject({ sections: [], segments: [{ address: 0x401000 }, { address: 0x502000 }] });
    expect(elf.damage).toBeUndefined();
  });

  it.each<[string, ElfShape['claims'], number]>([
    ['leaves the file', { sectionsAt: 1 << 30 }, 0],
    ['has more entries than fit', { sections: 0xfffe }, 5],
    ['has entries too short to be any', { sectionBytes: 8 }, 0],
  ])('reports a section table that %s', (_what, claims, read) => {
    const elf = readElf(elfFile(sections, { claims: { ...claims } }));
    expect(elf.sections).toHaveLength(read);
    expect(elf).toMatchObject({ damage: 'ELF headers cut off' });
  });

  it('returns no names without a name table and no content of an empty section', () => {
    const content = elfFile([{ ...data, type: elfSectionTypes.empty }], { claims: { names: 77 } });
    const { sections: read } = readElf(content);
    expect(read.map(({ name }) => name)).toEqual(['', '', '']);
    expect(sectionContent(content, read[1]!)).toHaveLength(0);
  });

  it('throws only its own errors for changed or truncated files', () => {
    const whole = elfFile(sections);
    const anyByte = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(anyByte, { maxLength: 12 }), fc.nat(whole.length), (changes, length) => {
        const content = Buffer.from(whole.subarray(0, length));
        for (const { at, value } of changes) if (at < length) content[at] = value;
        try {
          const elf = readElf(content);
          for (const section of elf.sections) {
            expect(sectionContent(content, section).length).toBeLessThanOrEqual(content.length);
          }
          symbolAddress(content, elf, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** A section to write; those with an address are loaded by a segment of their own. */
export interface SectionToWrite {
  name: string;
  content: Buffer | string;
  address?: number;
  /** Flags of the segment; otherwise readable and writable. */
  flags?: number;
  /** Otherwise PROGBITS. */
  type?: number;
  link?: number;
}

/** Layout of the file, and false fields to write into it. */
export interface ElfShape {
  bits?: 32 | 64;
  isLittleEndian?: boolean;
  type?: number;
  /** Leaves the section table out, as packers do. */
  hasNoSections?: boolean;
  /** Fields of the header instead of the right ones. */
  claims?: Partial<{
    sectionsAt: number;
    sectionBytes: number;
    sections: number;
    names: number;
    segmentsAt: number;
    segments: number;
  }>;
}

/** An ELF file for tests: header, program headers, contents, section table. */
export function elfFile(sections: readonly SectionToWrite[], shape: ElfShape = {}): Buffer {
  const { bits = 64, isLittleEndian = true, type = 2, hasNoSections = false, claims = {} } = shape;
  const out = new Writer(isLittleEndian, bits);
  const names = namesOf(sections);
  const all = [...sections, { name: '.shstrtab', content: names.bytes, type: 3 }];
  const loaded = sections.filter(({ address }) => address !== undefined);
  const headerBytes = bits === 64 ? 64 : 52;
  let end = headerBytes + loaded.length * (bits === 64 ? 56 : 32);
  const placed = all.map((section) => {
    const content = Buffer.from(section.content as Buffer);
    const offset = Math.ceil(end / 16) * 16;
    end = offset + content.length;
    return { ...section, content, offset };
  });
  const sectionsAt = Math.ceil(end / 16) * 16;
  out.bytes(0x7f, 0x45, 0x4c, 0x46, bits / 32, isLittleEndian ? 1 : 2, 1, ...Array.from({ length: 9 }, () => 0));
  out.u16(type, 62).u32(1);
  out.word(0, claims.segmentsAt ?? headerBytes, claims.sectionsAt ?? (hasNoSections ? 0 : sectionsAt));
  out.u32(0).u16(headerBytes, bits === 64 ? 56 : 32, claims.segments ?? loaded.length);
  out.u16(claims.sectionBytes ?? (bits === 64 ? 64 : 40), claims.sections ?? (hasNoSections ? 0 : all.length + 1));
  out.u16(claims.names ?? (hasNoSections ? 0 : all.length));
  for (const { address, flags = 6, content, offset } of placed) {
    if (address === undefined) continue;
    out.u32(1);
    if (bits === 64) out.u32(flags);
    out.word(offset, address, address, content.length, content.length);
    if (bits === 32) out.u32(flags);
    out.word(16);
  }
  for (const { content, offset } of placed) out.fillTo(offset).buffer(content);
  if (hasNoSections) return out.toBuffer();
  out.fillTo(sectionsAt).fillTo(sectionsAt + (bits === 64 ? 64 : 40));
  for (const [index, { address = 0, content, offset, type: kind = 1, link = 0 }] of placed.entries()) {
    out.u32(names.offsets[index]!, kind).word(0, address, offset, content.length).u32(link, 0).word(1, 0);
  }
  return out.toBuffer();
}

function namesOf(sections: readonly SectionToWrite[]): { bytes: Buffer; offsets: number[] } {
  const offsets: number[] = [];
  let text = '\0';
  for (const name of [...sections.map((section) => section.name), '.shstrtab']) {
    offsets.push(text.length);
    text += `${name}\0`;
  }
  return { bytes: Buffer.from(text), offsets };
}

class Writer {
  #parts: Buffer[] = [];
  #length = 0;

  constructor(
    private readonly isLittleEndian: boolean,
    private readonly bits: 32 | 64,
  ) {}

  buffer(part: Buffer): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  bytes(...values: readonly number[]): this {
    return this.buffer(Buffer.from(values));
  }

  u16(...values: readonly number[]): this {
    return this.#numbers(values, 2);
  }

  u32(...values: readonly number[]): this {
    return this.#numbers(values, 4);
  }

  word(...values: readonly number[]): this {
    return this.#numbers(values, this.bits === 64 ? 8 : 4);
  }

  fillTo(offset: number): this {
    return this.buffer(Buffer.alloc(offset - this.#length));
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #numbers(values: readonly number[], size: 2 | 4 | 8): this {
    for (const value of values) {
      const part = Buffer.alloc(size);
      if (size === 8) part.writeBigUInt64LE(BigInt(value));
      else part.writeUIntLE(value, 0, size);
      this.buffer(this.isLittleEndian ? part : part.reverse());
    }
    return this;
  }
}

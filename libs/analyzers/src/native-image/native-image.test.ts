import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { elfFile, unexpectedErrors } from '@tidewaiter/testkit';

import { elfSectionTypes } from '../elf.js';
import { nativeImage } from './native-image.js';

const path = 'app/server';
// In the form of GraalVM 24's SBOM.
const sbom = gzipSync(readFileSync(join(__dirname, 'fixtures/sbom.json')));
const analyze = (content: Buffer) => nativeImage.analyze({ path, content });

/** A program whose dynamic symbols are at these addresses. */
function program(symbols: Readonly<Record<string, number>>, data: Buffer, length = data.length): Buffer {
  let names = '\0';
  const table = Object.entries(symbols).map(([name, address]) => {
    const entry = Buffer.alloc(24);
    entry.writeUInt32LE(names.length);
    entry.writeBigUInt64LE(BigInt(address), 8);
    names += `${name}\0`;
    return entry;
  });
  const lengthBytes = Buffer.alloc(8);
  lengthBytes.writeBigUInt64LE(BigInt(length));
  return elfFile([
    { name: '.svm_heap', content: data, address: 0x1000 },
    { name: '.data', content: lengthBytes, address: 0x9000 },
    { name: '.dynsym', content: Buffer.concat(table), type: elfSectionTypes.dynamicSymbols, link: 4 },
    { name: '.dynstr', content: names },
  ]);
}

const all = { __svm_version_info: 0x9000, sbom: 0x1000, sbom_length: 0x9000 };

describe('nativeImage', () => {
  it('reads the SBOM in the program', () => {
    const content = program(all, sbom);
    expect(nativeImage.wants(path, content.subarray(0, 512))).toBe(true);
    expect(analyze(content)).toEqual({
      packages: [
        expect.objectContaining({ type: 'maven', name: 'org.yaml:snakeyaml', version: '1.26', foundIn: path }),
      ],
    });
  });

  it('names a native image without an SBOM', () => {
    for (const symbols of [{ __svm_version_info: 1 }, { ...all, sbom: 0x77_0000 }])
      expect(analyze(program(symbols, sbom))).toEqual({
        unread: 'native image of Java without an SBOM: its packages are not known',
      });
  });

  it('ignores other programs, also with the name in their text', () => {
    expect(analyze(program({ main: 0x1000 }, sbom))).toEqual({});
    expect(analyze(program({ main: 0x1000 }, Buffer.from('__svm_version_info')))).toEqual({});
  });

  it.each([
    ['no gzip', program(all, Buffer.from('{}')), 'MALFORMED_FILE'],
    ['cut off', program(all, sbom, 20), 'MALFORMED_FILE'],
    ['a huge length', program(all, Buffer.from('x'), 2 ** 40), 'MALFORMED_FILE'],
    ['no SBOM', program(all, gzipSync('{}')), 'MALFORMED_FILE'],
    ['200 MB of zeros', program(all, gzipSync(Buffer.alloc(200 << 20))), 'LIMIT_EXCEEDED'],
  ])('rejects %s', (_, content, code) => {
    expect(() => analyze(content)).toThrow(expect.objectContaining({ code }));
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(nativeImage, { path, content: program(all, sbom) })).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gunzipSync } from 'node:zlib';

import { TidewaiterError } from '@tidewaiter/domain';
import { brokenCopies, elfFile } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { rustBinary } from './rust-binary.js';

// Program of rustc 1.95 with a section of cargo-auditable's form, zeroed except for headers and
// section.
const program = gunzipSync(readFileSync(join(__dirname, 'fixtures/app.gz')));
const path = 'usr/local/bin/app';
const analyze = (content: Buffer) => rustBinary.analyze({ path, content });
const withSection = (content: Buffer | string) => elfFile([{ name: '.dep-v0', content }]);
const withAudit = (audit: unknown) => withSection(deflateSync(JSON.stringify(audit)));

/** A WebAssembly file of this version with sections. */
function wasm(version: number, sections: [id: number, body: Buffer][]): Buffer {
  const header = Buffer.from([0, 0x61, 0x73, 0x6d, 0, 0, 0, 0]);
  header.writeUInt32LE(version, 4);
  return Buffer.concat([header, ...sections.flatMap(([id, body]) => [Buffer.from([id]), varint(body.length), body])]);
}

function varint(value: number): Buffer {
  const bytes = [];
  for (let left = value; bytes.length === 0 || left > 0; left = Math.floor(left / 128))
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
  return Buffer.from(bytes);
}

describe('rustBinary', () => {
  it('reads runtime crates, including the program', () => {
    expect(rustBinary.wants(path, program.subarray(0, 512))).toBe(true);
    const { packages, damage } = analyze(program);
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'app@0.3.0',
      'serde@1.0.116',
      'time@0.1.43',
      'smallvec@0.6.9',
      'libc@0.2.150',
    ]);
    expect(packages?.[1]).toEqual({
      type: 'cargo',
      name: 'serde',
      version: '1.0.116',
      source: { name: 'serde', version: '1.0.116' },
      licenses: [],
      foundIn: path,
    });
    expect(damage).toBeUndefined();
  });

  it('returns nothing for a program without audit data', () => {
    expect(analyze(elfFile([{ name: '.text', content: 'code' }]))).toEqual({});
  });

  it('reads the crates whose files the code names, without a list', () => {
    const folder = '/root/.cargo/registry/src/index.example.com-1949cf8c6b5b557f/';
    const strings = [
      // Strings follow each other without an end.
      `${folder}smallvec-1.6.0/src/lib.rs${folder}time-0.1.43/src/sys/unix.rsexplicit panic`,
      `${folder}tree-sitter-c2rust-0.25.0-rc.1+abc/src/lib.rs`,
      'C:\\registry\\src\\x',
      `see ${folder}docs-1.0.0/README.md`,
      `${folder}{name}-1.0.0/src/lib.rs ${folder}smallvec-1.6.0/src/tests.rs ${folder}half-1.`,
    ].join('');
    const found = analyze(elfFile([{ name: '.rodata', content: strings }]));
    expect(found.packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'smallvec@1.6.0',
      'time@0.1.43',
      'tree-sitter-c2rust@0.25.0-rc.1+abc',
    ]);
  });

  it('reads a WebAssembly module, also one of a component', () => {
    const audit = deflateSync(JSON.stringify({ packages: [{ name: 'a', version: '1.0.0' }] }));
    const module = wasm(1, [[0, Buffer.concat([Buffer.from('\u0007.dep-v0', 'latin1'), audit])]]);
    const component = wasm(0x1_000d, [
      [0, Buffer.from('\u0001x')],
      [1, module],
    ]);
    for (const content of [module, component]) {
      expect(rustBinary.wants('app.wasm', content)).toBe(true);
      expect(analyze(content).packages).toMatchObject([{ name: 'a', version: '1.0.0' }]);
    }
    const named = wasm(1, [[11, Buffer.from('/registry/src/h-1/b-2.0.0/src/lib.rs')]]);
    expect(analyze(named).packages).toMatchObject([{ name: 'b', version: '2.0.0' }]);
  });

  it('reads a bounded number of sections, and of components in each other, of hostile WebAssembly', () => {
    const audit = deflateSync(JSON.stringify({ packages: [{ name: 'a', version: '1.0.0' }] }));
    const listed: [number, Buffer] = [0, Buffer.concat([Buffer.from('\u0007.dep-v0', 'latin1'), audit])];
    const isRead = (content: Buffer) => analyze(content).packages?.length === 1;
    // A section has two bytes at least: its kind and its size.
    const behind = (sections: number) =>
      Buffer.concat([wasm(1, []), Buffer.alloc(2 * sections), wasm(1, [listed]).subarray(8)]);
    expect([isRead(behind(9_999)), isRead(behind(10_000)), isRead(behind(32 << 20))]).toEqual([true, false, false]);
    let nested = wasm(1, [listed]);
    const read = Array.from({ length: 1_000 }, () => {
      nested = wasm(0x1_000d, [[4, nested]]);
      return isRead(nested);
    });
    expect(read.lastIndexOf(true)).toBe(2);
    for (const cut of [4, 7, 8, 9]) expect(analyze(wasm(1, [[0, Buffer.from('x')]]).subarray(0, cut))).toEqual({});
  });

  it('reports that a truncated program could not be searched', () => {
    expect(analyze(program.subarray(0, 4096))).toEqual({ damage: 'ELF headers cut off' });
  });

  it('counts entries that are no crates', () => {
    const packages = [{ name: '{{name}}', version: '1.0.0' }, { name: 'a', version: 1 }, null, 'x', { name: 'a' }];
    expect(analyze(withAudit({ packages: [...packages, { name: 'a', version: '1.0.0' }] }))).toMatchObject({
      packages: [{ name: 'a', version: '1.0.0' }],
      damage: '5 records without a usable name, version or status',
    });
  });

  it.each<[string, Buffer, string]>([
    ['no zlib', withSection('not zlib'), 'MALFORMED_FILE'],
    ['nothing', withSection(''), 'MALFORMED_FILE'],
    ['zlib cut off', withSection(deflateSync('{"packages":[]}').subarray(0, -6)), 'MALFORMED_FILE'],
    ['no JSON', withSection(deflateSync('{"packages":[')), 'MALFORMED_FILE'],
    ['no packages', withAudit({}), 'MALFORMED_FILE'],
    ['packages that are no list', withAudit({ packages: { length: 3 } }), 'MALFORMED_FILE'],
    ['no object', withAudit(null), 'MALFORMED_FILE'],
    ['200 MB of zeros', withSection(deflateSync(Buffer.alloc(200 << 20))), 'LIMIT_EXCEEDED'],
  ])('rejects %s', (_what, content, code) => {
    expect(() => analyze(content)).toThrow(expect.objectContaining({ code }));
  });

  it('limits the inflated size', () => {
    const bomb = withSection(deflateSync(Buffer.alloc(200 << 20)));
    const before = process.memoryUsage().rss;
    expect(() => analyze(bomb)).toThrow(expect.objectContaining({ limit: 'maxAuditBytes' }));
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  });

  it('throws only its own errors for changed or truncated files', () => {
    const whole = withAudit({ packages: [{ name: 'a', version: '1.0.0' }] });
    fc.assert(
      fc.property(brokenCopies(whole), (content) => {
        try {
          analyze(content);
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

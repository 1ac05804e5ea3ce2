import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { TidewaiterError } from '@tidewaiter/domain';
import { elfFile, type ElfShape, endWork, workOf } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { framedModules, goBuildInfo, varint } from './build-info-writer.js';
import { functionTable } from './function-table-writer.js';
import { goBinary } from './go-binary.js';

// Real programs in which everything but headers and build information is zeroed: esbuild 0.8.57,
// 0.14.20 and 0.19.12 and lefthook 1.11.13 from npm; `fixture` is ours, built by Go 1.24.4 with -X
// main.version and a replaced module.
const program = (name: string) => gunzipSync(readFileSync(join(__dirname, 'fixtures', `${name}.gz`)));
const path = 'usr/local/bin/app';
const analyze = (content: Buffer) => goBinary.analyze({ path, content });
const found = (content: Buffer) => analyze(content).packages?.map(({ name, version }) => `${name}@${version}`);

const esbuild = 'github.com/evanw/esbuild@(devel)';
const fixture = ['stdlib@1.24.4', 'example.com/fixture@v1.2.3-rc.1', 'example.com/local@(devel)'];

describe('goBinary', () => {
  it.each<[string, string[]]>([
    // Pointers, of 64 bits in both byte orders.
    ['esbuild-go1.16', ['stdlib@1.16', esbuild, 'golang.org/x/sys@v0.0.0-20200501145240-bc7a7d42d5c3']],
    ['esbuild-s390x-go1.17', ['stdlib@1.17.6', esbuild, 'golang.org/x/sys@v0.0.0-20210908233432-aa78b53d3365']],
    // Texts in place. A revision is no version: which release it belongs to is not said.
    ['esbuild-go1.20', ['stdlib@1.20.12', esbuild, 'golang.org/x/sys@v0.0.0-20220715151400-c0bba94af5f8']],
    ['fixture-linux-mips', fixture],
    ['fixture-windows-386', fixture],
    ['fixture-darwin-arm64', fixture],
    ['fixture-nosections', fixture],
  ])('parses %s', (name, packages) => {
    const content = program(name);
    expect(goBinary.wants(path, content.subarray(0, 512))).toBe(true);
    expect(found(content)).toEqual(packages);
  });

  it('reads all modules of a program as records', () => {
    const { packages, damage } = analyze(program('lefthook-go1.24'));
    expect(packages).toHaveLength(47);
    expect(packages).toContainEqual({
      type: 'golang',
      name: 'github.com/goccy/go-yaml',
      version: 'v1.17.1',
      source: { name: 'github.com/goccy/go-yaml', version: 'v1.17.1' },
      licenses: [],
      foundIn: path,
    });
    expect(packages?.[1]).toMatchObject({ name: 'github.com/evilmartians/lefthook', version: 'v1.11.13' });
    expect(damage).toBeUndefined();
  });

  const address = 0x600000;
  const built = (blob: Buffer, shape: ElfShape = {}) =>
    elfFile([{ name: '.go.buildinfo', content: blob, address }], shape);
  const builtWith = (modules: string, goVersion = 'go1.21.5') => built(goBuildInfo(goVersion, modules));

  it.each([
    ['go1.21.5', '1.21.5'],
    ['go1.18', '1.18'],
    ['go1.22rc1', '1.22rc1'],
    ['go1.20.1 X:boringcrypto', '1.20.1'],
    ['go1.21.11 (Red Hat 1.21.11-1.el9_4)', '1.21.11'],
    ['go1.22-20240109-RC01 cl/597041403 +dcbe772469 X:loopvar', '1.22-20240109-RC01'],
    ['devel go1.23-5e8f1a7 Tue Mar 5 10:00:00 2024 +0000', '1.23-5e8f1a7'],
    ['devel +a2b5e60 Thu Jan 2 15:04:05 2020 +0000', '(devel)'],
    ['gone1.2', '(devel)'],
  ])('derives from %j the standard library %s', (goVersion, version) => {
    expect(found(builtWith('', goVersion))).toEqual([`stdlib@${version}`]);
  });

  it.each<[string, string, string[]]>([
    [
      'what replaces a module instead of it',
      'dep\ta.org/a\tv1.0.0\th1:x\n=>\tb.org/fork\tv1.0.1\th1:y\ndep\tc.org/c\tv2.0.0+incompatible\t\n',
      ['b.org/fork@v1.0.1', 'c.org/c@v2.0.0+incompatible'],
    ],
    [
      'the name of a module that a directory replaces',
      'dep\ta.org/a\tv1.0.0\n=>\t../a\t(devel)\t\ndep\tb.org/b\tv1.0.0\n=>\t/src/b\t\t\ndep\tc.org/c\tv1.0.0\n=>\t./staging/c\t(devel)\t\n',
      ['a.org/a@(devel)', 'b.org/b@(devel)', 'c.org/c@(devel)'],
    ],
    ['the version of an installed program', 'path\ta.org/a/cmd\nmod\ta.org/a\tv1.2.3\th1:x\n', ['a.org/a@v1.2.3']],
    ['nothing of a replacement for nothing', '=>\tb.org/fork\tv1.0.1\th1:y\n', []],
    ['nothing of a version with a control character', 'dep\ta.org/a\tv1.0.0\r\n', []],
  ])('returns %s', (_what, modules, packages) => {
    expect(found(builtWith(modules))).toEqual(['stdlib@1.21.5', ...packages]);
  });

  describe('of which the list of modules is incomplete', () => {
    const names = ['net/http.Get', 'main.run', 'gopkg.in/yaml%2ev3.Unmarshal', 'slices.Sort[go.shape.[]b.org/x/y.T]'];
    const linked = (modules: string) =>
      elfFile([
        { name: '.go.buildinfo', content: goBuildInfo('go1.24.4', modules), address },
        { name: '.gopclntab', content: functionTable(names), address: address + 0x10000 },
      ]);

    it.each(['', 'mod\ta.org/app\t(devel)\t\ndep\tgopkg.in/yaml.v2\tv2.4.0\n'])(
      'warns of the code in %j',
      (modules) => {
        expect(analyze(linked(modules)).unread).toBe('code of gopkg.in/yaml.v3, which is of no module that is listed');
        expect(found(linked(modules))).toContain('stdlib@1.24.4');
      },
    );

    it('is silent where every package is of a module', () => {
      const modules = 'dep\tgopkg.in/yaml.v3\tv3.0.1\n=>\t../yaml\t(devel)\t\n';
      expect(analyze(linked(modules)).unread).toBeUndefined();
    });

    it.each<[string, Buffer]>([
      ['was removed', elfFile([{ name: '.gopclntab', content: functionTable(names), address }])],
      ['was overwritten', built(Buffer.alloc(64))],
      ['is off its alignment', built(Buffer.concat([Buffer.from('x'), goBuildInfo('go1.21.5', '')]))],
      ['has half a header', built(goBuildInfo('go1.21.5', '').subarray(0, 31))],
    ])('warns of a program whose build information %s', (_what, content) => {
      expect(analyze(content)).toEqual({ unread: 'Go program whose build information was removed' });
    });
  });

  it.each([
    [`-ldflags="-s -w -X main.version=v1.2.3"`, 'v1.2.3'],
    [`-ldflags="-X main.Version=1.2.3 -X main.commit=abc"`, 'v1.2.3'],
    [`-ldflags="-X 'main.version=1.2.3'"`, 'v1.2.3'],
    [String.raw`-ldflags="-X \"a.org/app/internal/build.AppVersion=v2.0.0-rc.1+meta\""`, 'v2.0.0-rc.1+meta'],
    ['-ldflags=-X=main.version=v1.2.3', 'v1.2.3'],
    // The program's own package is asked first, then its module, then others.
    ['-ldflags="-X b.org/lib/version.Version=9.9.9 -X a.org/app/v.Version=1.0.1 -X main.version=1.0.0"', 'v1.0.0'],
    ['-ldflags="-X b.org/lib/version.Version=9.9.9 -X a.org/app/v.Version=1.0.1"', 'v1.0.1'],
    ['-ldflags="-X github.com/prometheus/common/version.Version=2.45.0"', 'v2.45.0'],
    ['-ldflags="-X main.version=dev"', '(devel)'],
    ['-ldflags="-X main.goVersion=1.21.5 -X main.apiVersion=2.0"', '(devel)'],
    ['-ldflags="-X main.version=1.2.3;rm"', '(devel)'],
    ['-tags="-X main.version=1.2.3"', '(devel)'],
    ['vcs.revision=d7fd1ad35715cda76eb33343b7c07b275e402a2e', '(devel)'],
  ])('reads with %s the program version %s', (setting, version) => {
    expect(found(builtWith(`mod\ta.org/app\t(devel)\t\nbuild\t${setting}\n`))).toContain(`a.org/app@${version}`);
  });

  /** A program of Go 1.13, whose build information points to its texts. */
  function pointing(isLittleEndian: boolean): Buffer {
    const number = (value: number) => {
      const bytes = Buffer.alloc(4);
      if (isLittleEndian) bytes.writeUInt32LE(value);
      else bytes.writeUInt32BE(value);
      return bytes;
    };
    const header = Buffer.alloc(32);
    header.write(`\u00ff Go buildinf:\u0004${isLittleEndian ? '\0' : '\u0001'}`, 'latin1');
    number(address + 32).copy(header, 16);
    number(address + 40).copy(header, 20);
    const modules = framedModules('dep\ta.org/a\tv1.0.0\n');
    const strings = [address + 48, 8, address + 56, modules.length].map(number);
    const blob = Buffer.concat([header, ...strings, Buffer.from('go1.13.4'), modules]);
    return built(blob, { bits: 32, isLittleEndian });
  }

  it.each([true, false])('reads pointers of 32 bits (little endian: %s)', (isLittleEndian) => {
    expect(found(pointing(isLittleEndian))).toEqual(['stdlib@1.13.4', 'a.org/a@v1.0.0']);
  });

  describe('Go before 1.13, which wrote no header', () => {
    const modules = framedModules('path\ta.org/app\nmod\ta.org/app\tv1.0.0\t\n');
    const symbols = Buffer.alloc(48);
    symbols.writeUInt32LE(1, 24);
    symbols.writeUInt32LE(address, 32);
    const variable = Buffer.alloc(16);
    variable.writeUInt32LE(0x400000, 0);
    variable.writeUInt32LE(9, 8);
    const stripped = [
      {
        name: '.rodata',
        content: Buffer.concat([Buffer.from('go1.12.17other'), modules]),
        address: 0x400000,
        flags: 4,
      },
      { name: '.gopclntab', content: 'lines' },
      { name: '.data', content: variable, address },
    ];

    it('finds the version by its symbol and the modules by their frame', () => {
      const content = elfFile([
        ...stripped,
        { name: '.symtab', content: symbols, type: 2, link: 5 },
        { name: '.strtab', content: '\0runtime.buildVersion\0', type: 3 },
      ]);
      expect(found(content)).toEqual(['stdlib@1.12.17', 'a.org/app@v1.0.0']);
    });

    it('reports an unknown version for a stripped program', () => {
      expect(found(elfFile(stripped))).toEqual(['stdlib@(devel)', 'a.org/app@v1.0.0']);
    });
  });

  it.each<[string, Buffer]>([
    ['a text with the magic', Buffer.from('\u00ff Go buildinf:\nnot a binary\n', 'latin1')],
    ['a script', Buffer.from('#!/bin/sh\n')],
    ['an object file', elfFile([], { type: 1 })],
    ['a link', Buffer.alloc(0)],
  ])('does not read %s', (_what, content) => {
    expect(goBinary.wants(path, content)).toBe(false);
  });

  it.each<[string, Buffer]>([
    ['another language', elfFile([{ name: '.data', content: goBuildInfo('go1.21.5', ''), address }])],
    ['a program without anything', elfFile([])],
    ['an executable of DOS', Buffer.from(`MZ${'\0'.repeat(100)}`)],
  ])('finds nothing in %s', (_what, content) => {
    expect(analyze(content)).toEqual({});
  });

  it('reports that a truncated program could not be searched', () => {
    const whole = program('lefthook-go1.24');
    expect(analyze(whole.subarray(0, 4096))).toEqual({ damage: 'ELF headers cut off' });
  });

  it.each<[string, Buffer, string]>([
    ['no version', goBuildInfo('', ''), 'MALFORMED_FILE'],
    ['texts cut off', goBuildInfo('go1.21.5', 'dep\ta.org/a\tv1.0.0\n').subarray(0, 60), 'MALFORMED_FILE'],
    [
      'a length without end',
      Buffer.concat([goBuildInfo('', '').subarray(0, 32), Buffer.alloc(99, 0xff)]),
      'MALFORMED_FILE',
    ],
    [
      'a length beyond reason',
      Buffer.concat([goBuildInfo('', '').subarray(0, 32), Buffer.from(varint(1 << 30))]),
      'LIMIT_EXCEEDED',
    ],
    ['pointers of no size', Buffer.from(`\u00ff Go buildinf:\u0003${'\0'.repeat(40)}`, 'latin1'), 'MALFORMED_FILE'],
  ])('rejects build information with %s', (_what, blob, code) => {
    expect(() => analyze(built(blob))).toThrow(expect.objectContaining({ code }));
  });

  it('counts modules with invalid names or versions', () => {
    const modules = 'dep\t{{name}}\tv1\ndep\ta b\tv1\ndep\t\tv1\ndep\ta.org/a\tv1 .0\ndep\ta.org/b\tv1.0.0\n';
    expect(found(builtWith(modules))).toEqual(['stdlib@1.21.5', 'a.org/b@v1.0.0']);
    expect(analyze(builtWith(modules)).damage).toBe('4 records without a usable name, version or status');
  });

  it.each([
    ['repeats its main module', (times: number) => builtWith('mod\ta.org/a\t\n'.repeat(times))],
    ['has many linker flags', (times: number) => builtWith(`mod\ta.org/a\t\nbuild\t-ldflags=${'-X a'.repeat(times)}`)],
    [
      'repeats the marker of build information',
      (times: number) =>
        elfFile([{ name: 'x', content: Buffer.from('\u00ff Go buildinf:'.repeat(times), 'latin1'), address: 1 }], {
          hasNoSections: true,
        }),
    ],
  ])('does linear work for a file that %s', (_what, repeated) => {
    const [small, large] = [1 << 12, 1 << 15].map((times) => {
      const content = repeated(times);
      return workOf(() => analyze(content));
    });
    expect(large! / small!).toBeLessThan(9);
  });

  it('throws only its own errors for changed or truncated files', () => {
    const wholes = ['fixture-linux-mips', 'fixture-windows-386', 'fixture-darwin-arm64'].map(program);
    const small = builtWith('mod\ta.org/a\t(devel)\nbuild\t-ldflags="-X main.version=1.2.3"\n');
    const change = fc.record({ at: fc.nat(2_047), value: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.constantFrom(small, pointing(true), pointing(false), ...wholes),
        fc.array(change, { maxLength: 8 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (whole, changes, part) => {
          const content = Buffer.from(whole.subarray(0, Math.ceil(whole.length * part)));
          for (const { at, value } of changes) if (at < content.length) content[at] = value;
          try {
            analyze(content);
          } catch (error) {
            expect(error).toBeInstanceOf(TidewaiterError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

afterAll(endWork);

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TidewaiterError } from '@tidewaiter/domain';
import { brokenCopies, elfFile, endWork, workOf } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { goBuildInfo } from '../go-binary/build-info-writer.js';
import { isToken } from '../package-database.js';
import { binaries } from './binaries.js';
import { goPrograms } from './go-programs.js';
import { programs } from './programs.js';

interface Excerpt {
  path: string;
  /** Package of Debian, npm or Rust. */
  from: string;
  version: string;
  bytes: string;
}

// Bytes around the version of real programs: of Debian 13, of npm (`bun`, `deno`, `node`) and of
// rustup.
const excerpts: Excerpt[] = JSON.parse(readFileSync(join(__dirname, 'fixtures/excerpts.json'), 'utf8'));

const elf = (bytes: Buffer | string) => elfFile([{ name: '.rodata', content: Buffer.from(bytes as string, 'latin1') }]);

function found(path: string, content: Buffer): string[] {
  if (!binaries.wants(path, content.subarray(0, 512))) return [];
  const { packages = [] } = binaries.analyze({ path, content });
  return packages.map(({ name, version }) => `${name} ${version}`);
}

const contentOf = ({ textFile }: (typeof programs)[number], bytes: string) =>
  textFile ? Buffer.from(bytes, 'latin1') : elf(bytes);

describe('binaries', () => {
  describe.each(programs.map((program) => [program.name, program] as const))('%s', (name, program) => {
    it('matches its examples', () => {
      expect(program.matches).not.toHaveLength(0);
      for (const [path, bytes, version] of program.matches) {
        expect([path, ...found(path, contentOf(program, bytes))]).toEqual([path, `${name} ${version}`]);
        expect(isToken(version)).toBe(true);
      }
    });

    it('ignores its counterexamples', () => {
      expect(program.ignores).not.toHaveLength(0);
      for (const [path, bytes] of program.ignores) {
        expect(found(path, contentOf(program, bytes)).filter((line) => line.startsWith(`${name} `))).toEqual([]);
      }
    });

    it('searches programs or reads a text, not both', () => {
      expect(program.files === undefined).toBe(program.textFile !== undefined);
    });
  });

  const goElf = (modules: string, linked = '') =>
    elfFile([
      { name: '.go.buildinfo', content: goBuildInfo('go1.21.5', modules), address: 0x600000 },
      { name: '.rodata', content: Buffer.from(`constants${linked}`, 'latin1') },
    ]);

  describe.each(goPrograms.map((program) => [program.name, program] as const))('%s', (name, { module, files }) => {
    const path = `usr/local/bin/${files.at(-1)}`;

    it.each([
      [`mod\t${module}\tv2.10.1\th1:x\n`, '', '2.10.1'],
      [`mod\t${module}/v3\tv3.0.0-rc.2+dirty\t\n`, '', '3.0.0-rc.2'],
      [`mod\t${module}\t(devel)\t\nbuild\t-ldflags="-X ${module}/version.Version=1.2.3"\n`, '', '1.2.3'],
      [`mod\t${module}\t(devel)\t\n`, '\0v1.2.3\0go1.21.5\0\x001.2.3-1\0', '1.2.3'],
    ])('finds %j and %j', (modules, linked, version) => {
      expect(found(path, goElf(modules, linked))).toEqual([`${name} ${version}`]);
    });

    it.each([
      [`mod\t${module}-fork\tv2.10.1\n`, '\x001.2.3\0'],
      [`mod\t${module}\t(devel)\n`, '1.2.3 2.0.0'],
      [`mod\t${module}\tv0.0.0-20240123173857-d7fd1ad35715\n`, '\x001.2.3\0'],
      [`mod\t${module}\t(devel)\n`, '\x001.2.3\0\x003.45.1\0'],
      [`mod\t${module}\t(devel)\nbuild\tCGO_ENABLED=1\n`, '\x003.45.1\0'],
      ['', '\x001.2.3\0'],
    ])('does not find %j and %j', (modules, linked) => {
      expect(found(path, goElf(modules, linked))).toEqual([]);
    });
  });

  it.each(excerpts.map((excerpt) => [excerpt.from, excerpt] as const))('parses the bytes of %s', (_from, excerpt) => {
    const bytes = Buffer.from(excerpt.bytes, 'base64');
    const content = binaries.wants(excerpt.path, bytes) ? bytes : elfFile([{ name: '.rodata', content: bytes }]);
    expect(found(excerpt.path, content)).toEqual([excerpt.version]);
  });

  it('lists at least 35 programs, each with a note', () => {
    const names = new Set([...programs, ...goPrograms].map(({ name }) => name));
    expect(names.size).toBeGreaterThanOrEqual(35);
    expect([...programs, ...goPrograms].every(({ note }) => note.length > 3)).toBe(true);
  });

  it.each([
    ['usr/bin/cat', false],
    ['usr/bin/nodejs-helper', false],
    ['usr/bin/node', true],
    ['usr/local/lib/libpython3.12.so.1.0', true],
    ['usr/local/lib/libcrypto.so.1.1', true],
    ['lib/libc-2.31.so', true],
    ['usr/lib/ruby/3.3.0/openssl.so', false],
    ['rustup/lib/libstd-d1237ef7159db0a2.so', true],
    ['', false],
  ])('decides whether to read the ELF file %j: %s', (path, expected) => {
    expect(binaries.wants(path, elf('').subarray(0, 512))).toBe(expected);
  });

  it.each([
    ['usr/bin/node', false],
    ['usr/local/go/VERSION', true],
    ['srv/app/VERSION', false],
    ['opt/java/release', true],
  ])('decides whether to read the text %j: %s', (path, expected) => {
    expect(binaries.wants(path, Buffer.from('text'))).toBe(expected);
  });

  it('returns records', () => {
    const content = Buffer.from('go1.21.5\n');
    expect(binaries.analyze({ path: 'usr/local/go/VERSION', content })).toEqual({
      packages: [
        {
          type: 'golang',
          name: 'toolchain',
          version: '1.21.5',
          source: { name: 'toolchain', version: '1.21.5' },
          licenses: [],
          foundIn: 'usr/local/go/VERSION',
        },
      ],
    });
  });

  describe('the work of an analysis', () => {
    /** Growth of the work where a part of the file is repeated eight times as often. */
    const growth = (path: string, repeated: (times: number) => Buffer) => {
      const [small, large] = [1 << 12, 1 << 15].map((times) => {
        const content = repeated(times);
        return workOf(() => binaries.analyze({ path, content }));
      });
      return large! / small!;
    };

    it.each(programs.map((program) => [program.name, program] as const))(
      'grows no faster than a file of %s',
      (_, program) => {
        const path = program.matches[0]![0];
        for (const { anchor } of program.marks) {
          const repeated = (times: number) => contentOf(program, `${anchor || 'x'}1.2`.repeat(times));
          if (binaries.wants(path, repeated(1).subarray(0, 512))) expect(growth(path, repeated)).toBeLessThan(9);
        }
      },
    );

    it('grows no faster than a Go program', () => {
      const repeated = (times: number) => goElf('mod\tgithub.com/traefik/traefik\t(devel)\n', '\0v1'.repeat(times));
      expect(growth('traefik', repeated)).toBeLessThan(9);
    });
  });

  it('throws only its own errors', () => {
    const path = fc.constantFrom(...programs.map(({ matches }) => matches[0]![0]), 'usr/bin/traefik');
    const whole = goElf('mod\tgithub.com/traefik/traefik\t(devel)\n', '\0v1.2.3\0');
    fc.assert(
      fc.property(path, brokenCopies(whole), (at, content) => {
        try {
          binaries.analyze({ path: at, content });
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

afterAll(endWork);

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TidewaiterError } from '@tidewaiter/domain';
import { brokenCopies } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { cargoLock } from './cargo-lock.js';

// Written by hand in the format of each generation of Cargo.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'srv/src/Cargo.lock';
const analyze = (content: Buffer | string) => cargoLock.analyze({ path, content: Buffer.from(content as Buffer) });
const found = (content: Buffer | string) => analyze(content).packages?.map(({ name, version }) => `${name}@${version}`);

describe('cargoLock', () => {
  it.each([
    ['Cargo.lock', true],
    ['srv/src/Cargo.lock', true],
    ['srv/NotCargo.lock', false],
    ['srv/Cargo.lock/x', false],
    ['srv/cargo.lock', false],
    ['srv/Cargo.lock\n', false],
  ])('decides whether to read %j: %s', (name, expected) => {
    expect(cargoLock.wants(name, Buffer.alloc(0))).toBe(expected);
  });

  it.each([
    ['v1.lock', ['itoa@0.4.6', 'memchr@2.3.3']],
    ['v3.lock', ['itoa@0.4.6', 'memchr@2.3.3']],
    ['v4.lock', ['itoa@0.4.6', 'memchr@2.3.3', 'smallvec@0.6.9+zip']],
  ])('reads %s without the workspace itself', (name, crates) => {
    expect(found(fixture(name))).toEqual(crates);
  });

  it('returns declared records', () => {
    expect(analyze(fixture('v3.lock')).packages?.[0]).toEqual({
      type: 'cargo',
      name: 'itoa',
      version: '0.4.6',
      source: { name: 'itoa', version: '0.4.6' },
      licenses: [],
      foundIn: path,
      isDeclared: true,
    });
  });

  it('counts entries that are no crates', () => {
    const crate = (name: string, version: string) =>
      `[[package]]\nname = ${name}\nversion = ${version}\nsource = "x"\n`;
    const content = [
      crate('"{{name}}"', '"1.0.0"'),
      crate('"a"', '"1 0"'),
      crate('3', '"1.0.0"'),
      '[[package]]\n',
      crate('"good"', '"1.0.0"'),
    ].join('');
    expect(found(content)).toEqual(['good@1.0.0']);
    expect(analyze(content).damage).toBe('4 records without a usable name, version or status');
  });

  it('reads an empty lock file', () => {
    expect(analyze('version = 4\n')).toEqual({ packages: [] });
  });

  it('accepts names of prototypes', () => {
    const content =
      '[__proto__]\npolluted = 1\n[[package]]\n__proto__.name = "x"\nname = "a"\nversion = "1.0.0"\nsource = "s"\n';
    expect(found(content)).toEqual(['a@1.0.0']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['no TOML', 'not toml', 'MALFORMED_FILE'],
    ['packages that are no list', 'package = "x"\n', 'MALFORMED_FILE'],
    ['deep nesting', `a = ${'['.repeat(100_000)}`, 'MALFORMED_FILE'],
    ['too much', `# ${'x'.repeat(9 << 20)}`, 'LIMIT_EXCEEDED'],
  ])('rejects %s', (_what, content, code) => {
    expect(() => analyze(content)).toThrow(expect.objectContaining({ code }));
  });

  it('throws only its own errors', () => {
    const whole = fixture('v4.lock');
    fc.assert(
      fc.property(brokenCopies(whole), (content) => {
        try {
          analyze(content);
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

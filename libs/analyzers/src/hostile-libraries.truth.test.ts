import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TidewaiterError, type PackageRecord } from '@tidewaiter/domain';
import { anyCharacter, endWork, workOf } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import type { Analyzer } from './analyzer.js';
import { bunLock } from './bun-lock/bun-lock.js';
import { cabalFreeze } from './cabal-freeze/cabal-freeze.js';
import { composerLock } from './composer-lock/composer-lock.js';
import { composer } from './composer/composer.js';
import { gem } from './gem/gem.js';
import { gemfileLock } from './gemfile-lock/gemfile-lock.js';
import { mixLock } from './mix-lock/mix-lock.js';
import { nodePackage } from './node-package/node-package.js';
import { npmLock } from './npm-lock/npm-lock.js';
import { otp } from './otp/otp.js';
import { pnpmLock } from './pnpm-lock/pnpm-lock.js';
import { pubLock } from './pub-lock/pub-lock.js';
import { rebarLock } from './rebar-lock/rebar-lock.js';
import { stackLock } from './stack-lock/stack-lock.js';
import { swiftResolved } from './swift-resolved/swift-resolved.js';
import { yarnLock } from './yarn-lock/yarn-lock.js';

const readers = [
  bunLock,
  cabalFreeze,
  composer,
  composerLock,
  gem,
  gemfileLock,
  mixLock,
  nodePackage,
  npmLock,
  otp,
  pnpmLock,
  pubLock,
  rebarLock,
  stackLock,
  swiftResolved,
  yarnLock,
].map((analyzer) => [analyzer.name, analyzer] as const);

/** Reads the packages of an arbitrary file; only expected errors may be thrown. */
function read(analyzer: Analyzer, content: Buffer): PackageRecord[] {
  try {
    return analyzer.analyze({ path: 'x', content }).packages ?? [];
  } catch (error) {
    if (error instanceof TidewaiterError) return [];
    throw error;
  }
}

function fixturesOf(name: string): Buffer[] {
  const folder = join(__dirname, name, 'fixtures');
  return readdirSync(folder).map((file) => readFileSync(join(folder, file)));
}

describe.each(readers)('%s', (name, analyzer) => {
  it('reads each of its fixtures completely', () => {
    for (const content of fixturesOf(name)) expect(analyzer.analyze({ path: 'x', content }).damage).toBeUndefined();
    expect(fixturesOf(name).flatMap((content) => read(analyzer, content))).not.toEqual([]);
  });

  it('accepts its fixtures truncated anywhere', () => {
    for (const content of fixturesOf(name)) {
      for (let end = 0; end < content.length; end += 7) read(analyzer, content.subarray(0, end));
    }
  });

  it('accepts its fixtures with replaced parts', () => {
    const fixtures = fixturesOf(name);
    const splice = fc.record({
      fixture: fc.nat(fixtures.length - 1),
      at: fc.nat(9_000),
      remove: fc.nat(40),
      insert: fc.oneof(
        fc.string({ unit: anyCharacter, maxLength: 40 }),
        fc.constantFrom(
          '{{name}}',
          '"__proto__": {"version": "1"},',
          '\u001b[2J',
          '../../etc',
          ': ',
          '\n\n',
          '"',
          "'",
          '{',
        ),
      ),
    });
    fc.assert(
      fc.property(splice, ({ fixture, at, remove, insert }) => {
        const content = fixtures[fixture]!;
        const parts = [content.subarray(0, at), Buffer.from(insert), content.subarray(at + remove)];
        for (const { name, version } of read(analyzer, Buffer.concat(parts))) {
          expect(name).toMatch(/^[\w@.~!'()*/:-]{1,512}$/);
          expect(version).toMatch(/^[\w.+#/~-]{1,256}$/);
        }
      }),
    );
  });

  it('does linear work for hostile files', () => {
    const starts = ['', '{"packages": {"', '%{', '[', 'constraints: ', 'packages:\n', 'GEM\n', '__metadata:\n'];
    const units = [
      '{',
      '[',
      '"',
      '\\"',
      '{"a":',
      ' ',
      '\n',
      '\n ',
      '- ',
      'a: ',
      '"a": {:hex, :a, ',
      '{pkg,<<"',
      ' ==1',
      '/',
      '@',
      ', ',
    ];
    const [small, large] = [1 << 13, 1 << 16].map((bytes) => {
      const files = starts.flatMap((start) =>
        units.map((unit) => Buffer.from(start + unit.repeat(bytes / unit.length))),
      );
      return workOf(() => {
        for (const content of files) read(analyzer, content);
      });
    });
    // Eight times the bytes; if one of the files has quadratic cost, its work outweighs that of the
    // others.
    expect(large! / small!).toBeLessThan(9);
  });

  it('rejects a file above its size limit', () => {
    expect(() => analyzer.analyze({ path: 'x', content: Buffer.alloc((8 << 20) + 1, ' ') })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit: 'maxDocumentBytes' }),
    );
  });
});

afterAll(endWork);

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { yarnLock } from './yarn-lock.js';

// Written by Yarn 1.22 and 4 for an application with an alias, a scope and a folder.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'app/yarn.lock';
const read = (text: string) =>
  yarnLock.analyze({ path, content: Buffer.from(text) }).packages?.map(({ name, version }) => `${name}@${version}`);

describe('yarnLock', () => {
  it.each([
    ['yarn.lock', true],
    ['srv/app/yarn.lock', true],
    ['app/node_modules/a/yarn.lock', false],
    ['app/my-yarn.lock', false],
    ['app/yarn.lock.orig', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(yarnLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads the classic format', () => {
    const { packages, damage } = yarnLock.analyze({ path, content: fixture('classic.lock') });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      '@hapi/bourne@2.0.0',
      'fsevents@2.3.2',
      'he@1.2.0',
      'lodash@3.10.1',
      'minimist@1.2.8',
      'mkdirp@0.5.5',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'npm', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it('reads the format of Yarn since 2', () => {
    const { packages, damage } = yarnLock.analyze({ path, content: fixture('berry.lock') });
    const names = packages?.map(({ name, version }) => `${name}@${version}`);
    expect(names).toHaveLength(26);
    expect(names).toEqual(
      expect.arrayContaining(['@isaacs/fs-minipass@4.0.1', 'fsevents@2.3.2', 'lodash@3.10.1', 'minipass@7.1.3']),
    );
    expect(names).not.toContain('local-one@9.9.9');
    expect(damage).toBeUndefined();
  });

  it.each([
    ['a@^1, a@^1.1:\n  version "1.1.0"\n', ['a@1.1.0']],
    ['"a@>= 1.0, < 2", "a@^1.1":\r\n  version "1.1.0"\r\n', ['a@1.1.0']],
    ['a@^1:\n  version "1.1.0"\n  dependencies:\n    version "^2.0.0"\n', ['a@1.1.0']],
    ['"b@npm:@s/real@^1":\n  version "1.0.0"\n', ['@s/real@1.0.0']],
    ['"@s/b@https://example.com/b.tgz":\n  version "1.0.0"\n', ['@s/b@1.0.0']],
    ['"a@link:../a":\n  version "0.0.0"\n', []],
    ['a@../a:\n  version "0.0.0"\n', []],
    ['"{{name}}@^1":\n  version "1.0.0"\n', []],
    ['', []],
  ])('parses %j (%#)', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('reads keys that are too long for one line', () => {
    const keys = Array.from({ length: 90 }, (_, index) => `a@npm:^1.0.${index}`).join(', ');
    const text = `__metadata:\n  version: 6\n\n? "${keys}"\n:\n  version: 1.2.0\n  resolution: "a@npm:1.2.0"\n`;
    expect(read(text)).toEqual(['a@1.2.0']);
  });

  it('does not use the version of the previous entry', () => {
    const text =
      '__metadata:\n  version: 6\n\n"a@npm:1":\n  version: 1.0.0\n\n"b@npm:1":\n  resolution: "b@npm:1.0.0"\n';
    expect(yarnLock.analyze({ path, content: Buffer.from(text) })).toMatchObject({
      packages: [],
      damage: expect.stringMatching(/^1 /),
    });
  });

  it('rejects other files', () => {
    expect(() => read('<html></html>')).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });
});

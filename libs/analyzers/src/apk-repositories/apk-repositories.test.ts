import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { apkRepositories } from './apk-repositories.js';

const read = (content: string | Buffer) =>
  apkRepositories.analyze({ path: 'etc/apk/repositories', content: Buffer.from(content) }).suites;

describe('apkRepositories', () => {
  it.each([
    ['etc/apk/repositories', true],
    ['etc/apk/repositories.d/site.list', true],
    ['etc/apk/repositories.d/site.list.apk-new', false],
    ['etc/apk/repositories.apk-new', false],
    ['srv/etc/apk/repositories', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(apkRepositories.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads branches with their tags', () => {
    expect(read(readFileSync(join(__dirname, 'fixtures/repositories')))).toEqual([
      { suite: 'v3.18' },
      { suite: 'edge', tag: 'edge' },
      { suite: 'edge', tag: 'testing' },
    ]);
  });

  it.each([
    ['https://dl-cdn.alpinelinux.org/alpine/v3.23/main\r\n', [{ suite: 'v3.23' }]],
    ['  v3 https://dl-cdn.alpinelinux.org/alpine/edge main community', [{ suite: 'edge' }]],
    ['@new ndx https://mirror.example/v3.22/community', [{ suite: 'v3.22', tag: 'new' }]],
    ['https://dl-cdn.alpinelinux.org/alpine/latest-stable/main', undefined],
    ['https://mirror.example/v3.18-rebuilt/main', undefined],
    ['https://mirror.example/alpine/v3.18/main/x86_64', undefined],
    ['@ https://mirror.example/alpine/edge/main', undefined],
    ['', undefined],
  ])('reads the line %j', (line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it('refuses more branches than any image has', () => {
    const many = Array.from({ length: 201 }, (_, index) => `https://m.example/v3.${index}/main`).join('\n');
    expect(() => read(many)).toThrow('more than 200');
  });
});

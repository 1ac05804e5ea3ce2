import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors, zipArchive } from '@tidewaiter/testkit';

import { zipapp } from './zipapp.js';

// By `python3 -m zipapp`, laid out as shiv does, with the metadata of six from PyPI.
const content = readFileSync(join(__dirname, 'fixtures/tide'));
const path = 'usr/local/bin/tide';
const line = '#!/usr/bin/env python3\n';
const archive = (names: Record<string, string>) =>
  Buffer.concat([
    Buffer.from(line),
    zipArchive(Object.entries(names).map(([name, text]) => ({ name, content: text }))),
  ]);
const namesIn = (file: Buffer) => zipapp.analyze({ path, content: file }).packages?.map(({ name }) => name);
const metadata = (name: string) => `Name: ${name}\nVersion: 1.0\n`;

describe('zipapp', () => {
  it.each([
    [path, `${line}PK\u0003\u0004`, true],
    [path, '#!/opt/pypy/bin/pypy3 -I\nPK\u0003\u0004', true],
    ['srv/app.pyz', 'PK\u0003\u0004', true],
    ['srv/app.pex', '#!/bin/sh\n# looks for an interpreter\n', true],
    [path, '#!/bin/sh\nPK\u0003\u0004', true],
    [path, 'PK\u0003\u0004', true],
    ['srv/data.db', 'PK\u0003\u0004', true],
    ['srv/app.pyz', '', false],
    [path, 'import sys', false],
  ])('decides whether to read %j with %j: %s', (file, head, expected) => {
    expect(zipapp.wants(file, Buffer.from(head, 'latin1'))).toBe(expected);
  });

  it('reads the distributions of an application', () => {
    expect(zipapp.wants(path, content.subarray(0, 512))).toBe(true);
    expect(zipapp.analyze({ path, content })).toEqual({
      packages: [
        {
          type: 'pypi',
          name: 'six',
          version: '1.17.0',
          source: { name: 'six', version: '1.17.0' },
          licenses: ['MIT'],
          foundIn: `${path}!/site-packages/six-1.17.0.dist-info/METADATA`,
        },
      ],
    });
  });

  it('reads an application of any name behind a script that starts Python', () => {
    const files = { 'site-packages/a-1.0.dist-info/METADATA': metadata('a') };
    const behindScript = (names: Record<string, string>) =>
      Buffer.concat([Buffer.from('#!/bin/sh\nexec python3 "$0"\n'), archive(names)]);
    expect(namesIn(behindScript({ '__main__.py': '', ...files }))).toEqual(['a']);
    expect(namesIn(behindScript(files))).toBeUndefined();
    expect(zipapp.analyze({ path, content: Buffer.from('#!/bin/sh\n') })).toEqual({});
  });

  it('reads other archives, but wheels', () => {
    const bundle = zipArchive([{ name: 'a-1.0.dist-info/METADATA', content: metadata('a') }]);
    const named = (at: string, file = bundle) => zipapp.analyze({ path: at, content: file }).packages?.length;
    expect(named('var/task/function.zip')).toBe(1);
    expect(named('srv/a-1.0-py3-none-any.whl')).toBeUndefined();
    expect(named('srv/data.zip', zipArchive([{ name: 'x', content: 'y' }]))).toBeUndefined();
  });

  it('reads the wheels of PEX, and eggs, and nothing else', () => {
    const names = namesIn(
      archive({
        '.deps/a-1.0-py3-none-any.whl/a-1.0.dist-info/METADATA': metadata('a'),
        'b.egg-info/PKG-INFO': metadata('b'),
        'c-1.0.egg/EGG-INFO/PKG-INFO': metadata('c'),
        'd/METADATA': metadata('d'),
        'site-packages/setuptools/tests/e-1.dist-info/METADATA': metadata('e'),
        'PEX-INFO': '{}',
      }),
    );
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('reads nothing of a script that only has the name of an application', () => {
    expect(zipapp.analyze({ path: 'srv/a.pex', content: Buffer.from(line) })).toEqual({});
    expect(() => zipapp.analyze({ path: 'srv/a.pyz', content: Buffer.from('PK\u0003') })).toThrow(MalformedFile);
  });

  it('refuses metadata that expands beyond its limit', () => {
    const bomb = archive({ 'a-1.dist-info/METADATA': metadata('a').padEnd(5 << 20) });
    expect(zipapp.analyze({ path, content: bomb })).toMatchObject({
      packages: [],
      damage: expect.any(String) as string,
    });
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(zipapp, { path, content })).toEqual([]);
  });
});

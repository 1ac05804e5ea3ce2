import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors, zipArchive } from '@tidewaiter/testkit';

import { pythonPackage } from './python-package.js';

// From PyPI's wheels (six, click, itsdangerous), Debian's python3-markupsafe, Python 2.7 (wsgiref)
// and CPython's own tests (the egg).
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const site = 'usr/lib/python3.11/site-packages';
const zip = Buffer.from('PK\u0003\u0004');

const read = (content: string | Buffer, path = `${site}/a.dist-info/METADATA`) =>
  pythonPackage.analyze({ path, content: Buffer.from(content) });

describe('pythonPackage', () => {
  it.each([
    [`${site}/six-1.17.0.dist-info/METADATA`, true],
    [`${site}/six-1.17.0.dist-info/RECORD`, false],
    [`${site}/six/METADATA`, false],
    [`${site}/MarkupSafe-2.1.5.egg-info/PKG-INFO`, true],
    [`${site}/MarkupSafe-2.1.5.egg-info/SOURCES.txt`, false],
    [`${site}/old_style-1.0.egg/EGG-INFO/PKG-INFO`, true],
    ['usr/lib/python2.7/wsgiref.egg-info', true],
    ['srv/app/PKG-INFO', false],
    ['srv/app/src/app.egg-info/PKG-INFO', true],
    [`${site}/setuptools/_vendor/wheel-0.45.1.dist-info/METADATA`, true],
    [`${site}/pkg_resources/tests/data/my-test-package-1.0.egg/EGG-INFO/PKG-INFO`, false],
    ['usr/lib/python3.13/test/test_importlib/data/example-21.12.egg/EGG-INFO/PKG-INFO', false],
    ['srv/tests/venv/lib/python3/site-packages/six-1.17.0.dist-info/METADATA', true],
    ['srv/tests/vendor/six-1.17.0.dist-info/METADATA', true],
    ['opt/test/six-1.17.0.dist-info/METADATA', true],
    ['usr/lib/python3.13/test/test_importlib/data/example-21.12.dist-info/METADATA', false],
    [`${site}/setuptools/tests/data/x-1.0.dist-info/METADATA`, false],
    ['srv/tests/data/my-1.0.egg/EGG-INFO/PKG-INFO', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(pythonPackage.wants(path, Buffer.from('Metadata-Version: 2.1'))).toBe(expected);
  });

  it('reads archived eggs, but no links and other files of such a name', () => {
    expect(pythonPackage.wants(`${site}/corpus_egg-0.4.2-py3.11.egg`, zip)).toBe(true);
    expect(pythonPackage.wants(`${site}/corpus_egg-0.4.2-py3.11.egg`, Buffer.alloc(0))).toBe(false);
    expect(pythonPackage.wants(`${site}/corpus_egg.whl`, zip)).toBe(false);
  });

  it.each([
    ['Private :: Do Not Upload', true],
    ['Topic :: Private', undefined],
  ])('decides by the classifier %j whether PyPI has the distribution', (classifier, expected) => {
    const text = `Name: a\nVersion: 1\nClassifier: License :: Free\nClassifier: ${classifier}\n`;
    expect(read(text).isUnpublished).toBe(expected);
  });

  it.each([
    ['six-METADATA', 'six', '1.17.0', ['MIT']],
    ['click-METADATA', 'click', '8.4.0', ['BSD-3-Clause']],
    ['itsdangerous-METADATA', 'itsdangerous', '2.2.0', ['BSD License']],
    ['markupsafe-PKG-INFO', 'markupsafe', '2.1.5', ['BSD-3-Clause']],
    ['wsgiref.egg-info', 'wsgiref', '0.1.2', ['PSF or ZPL']],
  ])('parses %s', (file, name, version, licenses) => {
    const path = `${site}/${file}`;
    expect(read(fixture(file), path)).toEqual({
      packages: [{ type: 'pypi', name, version, source: { name, version }, licenses, foundIn: path }],
    });
  });

  it('reads a zipped egg', () => {
    const path = `${site}/example-21.12-py3.6.egg`;
    expect(read(fixture('example-21.12-py3.6.egg'), path).packages).toMatchObject([
      { name: 'example', version: '21.12', foundIn: path },
    ]);
    expect(read(zipArchive([{ name: 'x/EGG-INFO/PKG-INFO', content: 'Name: x\nVersion: 1\n' }]), path)).toEqual({
      packages: [],
    });
    expect(() => read('PK\u0003\u0004', path)).toThrow(MalformedFile);
  });

  it('normalizes names and uses the first of each header, before the body', () => {
    const text =
      'Name: Zope.Interface__Like\r\nName: x\r\nVersion: 5.0+local.1\r\nSummary: x\r\n\ty\r\n\r\nVersion: 9.9.9\r\n';
    expect(read(text).packages).toMatchObject([{ name: 'zope-interface-like', version: '5.0+local.1' }]);
    expect(read('\uFEFFname: a\rVERSION: 1\r').packages).toMatchObject([{ name: 'a', version: '1' }]);
    expect(read('Name: a\nVersion: 1\nno header\nLicense: MIT\n').packages).toMatchObject([{ licenses: [] }]);
  });

  it.each([
    ['License-Expression: MIT OR Apache-2.0\nLicense: MIT', ['MIT OR Apache-2.0']],
    ['License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License', ['MIT License']],
    ['License: MIT License\n\n  Copyright', ['MIT License']],
    ['License: MIT License\n        Copyright (c)\nClassifier: License :: OSI Approved', []],
    [`License: ${'x'.repeat(101)}\nClassifier: License :: Public Domain`, ['Public Domain']],
    [
      'Classifier: License :: A\nClassifier: License :: A\nClassifier: Topic :: B\nClassifier: License ::\nClassifier: License :: C',
      ['A', 'C'],
    ],
  ])('parses the licenses of %j', (fields, licenses) => {
    expect(read(`Name: a\nVersion: 1\n${fields}\n`).packages).toMatchObject([{ licenses }]);
  });

  it.each([
    '',
    'Name: a\n',
    'Version: 1\n',
    'Name: {{name}}\nVersion: 1\n',
    'Name: a\nVersion: ${version}\n',
    'Name: -a\nVersion: 1\n',
    'Name: a b\nVersion: 1\n',
    'Name: __proto__\nVersion: 1\n',
    '\nName: a\nVersion: 1\n',
  ])('reports %j as damaged', (text) => {
    expect(read(text)).toEqual({ packages: [], damage: '1 records without a usable name, version or status' });
  });

  it('skips projects without a name', () => {
    expect(read('Name: UNKNOWN\nVersion: 0.0.0\n')).toEqual({ packages: [] });
  });

  it('takes linear time for a folded header', () => {
    const content = `Name: a\nVersion: 1\nLicense: x\n${' y\n'.repeat(1 << 20)}${'Classifier: License :: x\n'.repeat(1 << 15)}`;
    expect(read(content).packages).toMatchObject([{ name: 'a', licenses: ['x'] }]);
  });

  it('throws only its own errors for damaged files', () => {
    const metadata = { path: `${site}/six-1.17.0.dist-info/METADATA`, content: fixture('six-METADATA') };
    const egg = { path: `${site}/example.egg`, content: fixture('example-21.12-py3.6.egg') };
    expect([...unexpectedErrors(pythonPackage, metadata), ...unexpectedErrors(pythonPackage, egg)]).toEqual([]);
  });
});

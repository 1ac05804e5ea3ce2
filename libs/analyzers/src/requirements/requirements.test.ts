import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { requirements } from './requirements.js';

const path = 'srv/app/requirements.txt';
const content = readFileSync(join(__dirname, 'fixtures/requirements.txt'));
const pins = (text: string | Buffer) =>
  requirements.analyze({ path, content: Buffer.from(text) }).packages?.map(({ name, version }) => `${name} ${version}`);

describe('requirements', () => {
  it.each([
    ['requirements.txt', true],
    ['srv/requirements-dev.txt', true],
    ['srv/requirements/base.txt', true],
    ['srv/requirements.in', false],
    ['srv/my-requirements.txt', true],
    ['srv/constraints.txt', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(requirements.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads only exact pins', () => {
    expect(pins(content)).toEqual([
      'flask 0.12',
      'django 4.2.30',
      'zope-interface 5.0',
      'charset-normalizer 3.4.2',
      'urllib3 2.3.0',
    ]);
    expect(requirements.analyze({ path, content }).packages?.[0]).toEqual({
      type: 'pypi',
      name: 'flask',
      version: '0.12',
      source: { name: 'flask', version: '0.12' },
      licenses: [],
      foundIn: path,
      isDeclared: true,
    });
  });

  it('names requirements without an exact version', () => {
    const text = [
      'flask>=1.0',
      'Jinja2[x] ~= 2.10 ; python_version > "3"',
      'requests',
      'django==2.2',
      'wild==1.*',
      '-c constraints.txt',
      '-e git+https://example.com/a.git@v1#egg=edited',
      'b @ https://example.com/b.whl',
      './local # no',
      '--hash=sha256:aa',
      'requests',
    ].join('\r\n');
    expect(requirements.analyze({ path, content: Buffer.from(text) })).toMatchObject({
      packages: [{ name: 'django' }],
      unpinned: { type: 'pypi', names: ['flask', 'jinja2', 'requests', 'wild', 'edited', 'b'] },
    });
  });

  it('joins lines as pip does', () => {
    expect(pins('flask==\\\r\n0.12\r\n# comment \\\nsix==1.17.0\nidna==3.10 \\')).toEqual([
      'flask 0.12',
      'six 1.17.0',
      'idna 3.10',
    ]);
  });

  it('reads UTF-16 redirected by PowerShell', () => {
    expect(pins(Buffer.from('\uFEFFflask==0.12\r\nsix==1.17.0\r\n', 'utf16le'))).toEqual(['flask 0.12', 'six 1.17.0']);
  });

  it.each([
    ['one long line', 'a'.repeat(4 << 20)],
    ['spaces', `a${' '.repeat(4 << 20)}b`],
    ['continued lines', ' \\\n'.repeat(1 << 20)],
    ['brackets', 'a[b,'.repeat(1 << 20)],
    ['dashes', ' -'.repeat(1 << 20)],
  ])('takes linear time for %s', (_, text) => {
    expect(pins(text)).toEqual([]);
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(requirements, { path, content })).toEqual([]);
  });
});

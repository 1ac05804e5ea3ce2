import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { LimitExceeded } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { pythonRecord } from './python-record.js';

// Written by pip 24 when it installed Flask.
const flask = readFileSync(join(__dirname, 'fixtures/flask-RECORD'));
const site = 'opt/venv/lib/python3.11/site-packages';
const digest = `sha256=${Buffer.alloc(32, 0xab).toString('base64url')}`;
const hex = `sha256:${'ab'.repeat(32)}`;

const read = (text: string | Buffer, distribution = 'a-1') =>
  pythonRecord.analyze({ path: `${site}/${distribution}.dist-info/RECORD`, content: Buffer.from(text) });
const filesOf = (text: string) => read(text).owned?.[0]?.files;

describe('pythonRecord', () => {
  it.each([
    [`${site}/flask-3.1.3.dist-info/RECORD`, true],
    [`${site}/flask/RECORD`, false],
    [`${site}/x/tests/data/y-1.dist-info/RECORD`, false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(pythonRecord.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads the output of pip', () => {
    const { owned, damage } = read(flask, 'flask-3.1.3');
    expect(damage).toBeUndefined();
    expect(owned).toMatchObject([{ type: 'pypi', package: 'flask' }]);
    const files = owned![0]!.files;
    expect(files).toHaveLength(57);
    expect(files[0]).toEqual({
      path: 'opt/venv/bin/flask',
      digest: 'sha256:20a0136217786bead1ff9525408d6e34eda56ff10120ca5e1182257e0c7fe387',
    });
    expect(files.find(({ path }) => path.endsWith('/RECORD'))).toEqual({
      path: `${site}/flask-3.1.3.dist-info/RECORD`,
    });
    expect(files.find(({ path }) => path.endsWith('/app.cpython-311.pyc'))).toEqual({
      path: `${site}/flask/__pycache__/app.cpython-311.pyc`,
      role: 'ghost',
    });
    expect(files.filter((file) => file.digest)).toHaveLength(32);
  });

  it.each([
    ['charset_normalizer-3.4.2', 'charset-normalizer'],
    ['python-dateutil-2.9.0.post0', 'python-dateutil'],
    ['Zope.Interface_Like-5.0', 'zope-interface-like'],
    ['a-1.0-1', 'a'],
    ['nameless', 'nameless'],
  ])('derives the package of %s', (distribution, name) => {
    expect(read('', distribution).owned).toEqual([{ type: 'pypi', package: name, files: [] }]);
  });

  it.each([
    [`a/b.py,${digest},12`, { path: `${site}/a/b.py`, digest: hex }],
    [`a.py,${digest}=,\r`, { path: `${site}/a.py`, digest: hex }],
    [`"a, ""b"".py",${digest},1`, { path: `${site}/a, "b".py`, digest: hex }],
    [`a.pyc,${digest},1`, { path: `${site}/a.pyc`, role: 'ghost' }],
    ['a.py,md5=AAAAAAAAAAAAAAAAAAAAAA,1', { path: `${site}/a.py` }],
    ['a.py,sha256=short,1', { path: `${site}/a.py` }],
    ['../../../share/man/man1/x.1,,', { path: 'opt/venv/share/man/man1/x.1' }],
    ['/usr/share/x,,', { path: 'usr/share/x' }],
    ['//../etc/x,,', { path: 'etc/x' }],
  ])('parses %j', (line, file) => {
    expect(filesOf(`${line}\n`)).toEqual([file]);
  });

  it.each(['../../../../../../etc/passwd,,', '/,,', 'a/..,,', 'a.py', '"a.py,,', 'a\0.py,,', '.,,', 'a/,,', ',,'])(
    'counts %j as unreadable',
    (line) => {
      expect(read(`${line}\nb.py,,\n`)).toMatchObject({
        owned: [{ files: [{ path: `${site}/b.py` }] }],
        damage: '1 entries without a usable path',
      });
    },
  );

  it('never returns a path outside of the image', () => {
    const part = fc.constantFrom('..', '.', 'a', '', '/', '"', ',', '\0', 'é');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        for (const { path } of filesOf(`${parts.join('/')},,\n`) ?? []) {
          expect(path).toMatch(/^[^/]/);
          expect(path.split('/')).not.toContain('..');
        }
      }),
    );
  });

  it('limits records that repeat a long path', () => {
    const path = `${'x'.repeat(250)}/`.repeat(15) + 'a-1.dist-info/RECORD';
    expect(() => pythonRecord.analyze({ path, content: Buffer.from('y,,\n'.repeat(20_000)) })).toThrow(LimitExceeded);
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(pythonRecord, { path: `${site}/flask-3.1.3.dist-info/RECORD`, content: flask })).toEqual(
      [],
    );
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { pdmLock } from './pdm-lock.js';

// Written by hand like files of PDM 2.
const content = readFileSync(join(__dirname, 'fixtures/pdm.lock'));
const path = 'srv/app/pdm.lock';

const read = (text: string | Buffer) => pdmLock.analyze({ path, content: Buffer.from(text) });
const names = (text: string | Buffer) => read(text).packages?.map(({ name, version }) => `${name} ${version}`);

describe('pdmLock', () => {
  it.each([
    ['pdm.lock', true],
    ['srv/app/pdm.lock', true],
    ['srv/app/xpdm.lock', false],
    ['srv/app/pdm.lock.bak', false],
    ['opt/venv/lib/python3.11/site-packages/x/pdm.lock', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(pdmLock.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads the packages of the default group', () => {
    expect(read(content).damage).toBeUndefined();
    expect(names(content)).toEqual(['requests 2.32.3', 'pysocks 1.7.1', 'older-format 1.0']);
    expect(read(content).packages?.[0]).toMatchObject({ type: 'pypi', licenses: [], foundIn: path, isDeclared: true });
  });

  it('throws only its own errors for damaged files', () => {
    expect(() => read('[[package]]\nname\n')).toThrow(MalformedFile);
    expect(unexpectedErrors(pdmLock, { path, content })).toEqual([]);
  });
});

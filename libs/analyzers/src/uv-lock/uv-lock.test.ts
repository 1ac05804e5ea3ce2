import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { uvLock } from './uv-lock.js';

// Written by hand like files of uv 0.7.
const content = readFileSync(join(__dirname, 'fixtures/uv.lock'));
const path = 'srv/app/uv.lock';

const read = (text: string | Buffer) => uvLock.analyze({ path, content: Buffer.from(text) });
const names = (text: string | Buffer) => read(text).packages?.map(({ name, version }) => `${name} ${version}`);

describe('uvLock', () => {
  it.each([
    ['uv.lock', true],
    ['srv/app/uv.lock', true],
    ['srv/app/xuv.lock', false],
    ['srv/app/uv.lock.bak', false],
    ['opt/venv/lib/python3.11/site-packages/x/uv.lock', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(uvLock.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads locked packages, each version of a fork, without the workspace', () => {
    expect(read(content).damage).toBeUndefined();
    expect(names(content)).toEqual(['idna 3.10', 'numpy 1.26.4', 'numpy 2.2.4', 'gauge 1.1.0']);
    expect(read(content).packages?.[0]).toMatchObject({ type: 'pypi', licenses: [], foundIn: path, isDeclared: true });
  });

  it('reads files of the first versions of uv', () => {
    expect(names('[[distribution]]\nname = "a"\nversion = "1"\nsource = { registry = "x" }\n')).toEqual(['a 1']);
  });

  it('throws only its own errors for damaged files', () => {
    expect(() => read('package = [\n')).toThrow(MalformedFile);
    expect(unexpectedErrors(uvLock, { path, content })).toEqual([]);
  });
});

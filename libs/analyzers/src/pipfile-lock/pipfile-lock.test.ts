import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { pipfileLock } from './pipfile-lock.js';

// Written by hand like files of Pipenv 2024.
const content = readFileSync(join(__dirname, 'fixtures/Pipfile.lock'));
const path = 'srv/app/Pipfile.lock';

const read = (text: string | Buffer) => pipfileLock.analyze({ path, content: Buffer.from(text) });
const names = (text: string | Buffer) => read(text).packages?.map(({ name, version }) => `${name} ${version}`);

describe('pipfileLock', () => {
  it.each([
    ['Pipfile.lock', true],
    ['srv/app/Pipfile.lock', true],
    ['srv/app/xPipfile.lock', false],
    ['srv/app/Pipfile.lock.bak', false],
    ['opt/venv/lib/python3.11/site-packages/x/Pipfile.lock', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(pipfileLock.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads production packages', () => {
    expect(read(content).damage).toBeUndefined();
    expect(names(content)).toEqual(['charset-normalizer 3.4.2', 'requests 2.32.3']);
    expect(read(content).packages?.[0]).toMatchObject({ type: 'pypi', licenses: [], foundIn: path, isDeclared: true });
  });

  it.each([
    ['{}', undefined],
    ['{"default": []}', undefined],
    ['{"default": {"a": null, "b": 1, "c": {"version": 1}}}', undefined],
    ['{"default": {"a": {"version": "*"}}}', '1 records without a usable name, version or status'],
    ['{"default": {"__proto__": {"version": "==1"}}}', '1 records without a usable name, version or status'],
  ])('finds nothing in %j', (text, damage) => {
    expect(read(text)).toEqual({ packages: [], ...(damage !== undefined && { damage }) });
  });

  it('names distributions of a repository or an archive elsewhere, whose version is not there', () => {
    const locked = {
      'My.Lib': { git: 'https://example.com/my-lib.git', ref: 'a'.repeat(40) },
      wheel: { file: 'https://example.com/wheel-1-py3-none-any.whl' },
      own: { editable: true, path: '.' },
      folder: { file: 'file:///srv/folder' },
      pinned: { version: '==1.0' },
    };
    const { unpinned, packages } = read(JSON.stringify({ default: locked }));
    expect(unpinned).toEqual({ type: 'pypi', names: ['my-lib', 'wheel'] });
    expect(packages).toHaveLength(1);
  });

  it('throws only its own errors for damaged files', () => {
    expect(() => read('{"default": ')).toThrow(MalformedFile);
    expect(unexpectedErrors(pipfileLock, { path, content })).toEqual([]);
  });
});

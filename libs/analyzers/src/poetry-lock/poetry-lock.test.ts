import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { poetryLock } from './poetry-lock.js';

// Written by hand like files of Poetry 2.1.
const content = readFileSync(join(__dirname, 'fixtures/poetry.lock'));
const path = 'srv/app/poetry.lock';

const read = (text: string | Buffer) => poetryLock.analyze({ path, content: Buffer.from(text) });
const names = (text: string | Buffer) => read(text).packages?.map(({ name, version }) => `${name} ${version}`);

describe('poetryLock', () => {
  it.each([
    ['poetry.lock', true],
    ['srv/app/poetry.lock', true],
    ['srv/app/xpoetry.lock', false],
    ['srv/app/poetry.lock.bak', false],
    ['opt/venv/lib/python3.11/site-packages/x/poetry.lock', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(poetryLock.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads packages outside of development groups', () => {
    expect(read(content).damage).toBeUndefined();
    expect(names(content)).toEqual(['certifi 2025.1.31', 'pyyaml 6.0.2', 'gauge 1.1.0']);
    expect(read(content).packages?.[0]).toMatchObject({ type: 'pypi', licenses: [], foundIn: path, isDeclared: true });
  });

  it('reads the category of Poetry before 1.5, and none of later versions', () => {
    const table = (name: string, category: string) => `[[package]]\nname = "${name}"\nversion = "1"\n${category}\n`;
    const text = table('a', 'category = "main"') + table('b', 'category = "dev"') + table('c', 'optional = false');
    expect(names(text)).toEqual(['a 1', 'c 1']);
  });

  it('reads valid tables and counts invalid ones', () => {
    const text =
      '[[package]]\nname = "a"\n[[package]]\nname = "{{x}}"\nversion = "1"\n[[package]]\nname = "b"\nversion = "2"\n';
    expect(names(text)).toEqual(['b 2']);
    expect(read(text).damage).toBe('2 records without a usable name, version or status');
    expect(read('package = 1\n')).toEqual({ packages: [] });
  });

  it('throws only its own errors for damaged files', () => {
    expect(() => read('[[package]\n')).toThrow(MalformedFile);
    expect(unexpectedErrors(poetryLock, { path, content })).toEqual([]);
  });
});

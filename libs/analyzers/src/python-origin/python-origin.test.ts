import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TidewaiterError } from '@tidewaiter/domain';

import { pythonOrigin } from './python-origin.js';

// In the form of pip 24, with made-up names.
const content = readFileSync(join(__dirname, 'fixtures/direct_url.json'));
const path = 'usr/lib/python3/site-packages/a-1.0.dist-info/direct_url.json';
const read = (document: unknown) => pythonOrigin.analyze({ path, content: Buffer.from(JSON.stringify(document)) });
const commit = '0123456789abcdef0123456789abcdef01234567';

describe('pythonOrigin', () => {
  it.each([
    [path, true],
    ['usr/lib/python3/site-packages/a/direct_url.json', false],
    ['usr/lib/python3/site-packages/x/tests/a-1.0.dist-info/direct_url.json', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(pythonOrigin.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads the commit that pip installed', () => {
    expect(pythonOrigin.analyze({ path, content })).toEqual({
      takenFrom: `git+https://github.com/u/r.git@${commit}`,
    });
  });

  it.each([
    [{ url: 'file:///src/a', dir_info: { editable: true } }],
    [{ url: 'https://example.com/a.whl', archive_info: { hash: `sha256=${'a'.repeat(64)}` } }],
    [{ url: 'https://example.com/r', vcs_info: { vcs: 'hg', commit_id: commit } }],
    [{ url: 'https://example.com/r', vcs_info: { vcs: 'git', commit_id: 'main' } }],
    [{ url: 7, vcs_info: { vcs: 'git', commit_id: [commit] } }],
    [[]],
  ])('finds no commit in %j', (document) => {
    expect(read(document)).toEqual({});
  });

  it('refuses what is not JSON', () => {
    expect(() => pythonOrigin.analyze({ path, content: content.subarray(9) })).toThrow(TidewaiterError);
  });
});

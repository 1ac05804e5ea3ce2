import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { advisoryFormats, formatOfHead, isOfFormat } from './formats.js';

const folders = readdirSync(__dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('advisoryFormats', () => {
  it('lists the format of every folder, by name', () => {
    expect(advisoryFormats.map(({ name }) => name)).toEqual(folders.toSorted());
  });

  it.each(folders)('has a test of %s', (name) => {
    expect(readdirSync(join(__dirname, name))).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`]));
  });

  it.each(['', '{}', '<html><body>', '{"id":"GHSA-aaaa-bbbb-cccc","affected":[]}'])('recognizes none in %j', (text) => {
    expect(formatOfHead(Buffer.from(text))).toBeUndefined();
  });

  it.each(['GHSA-aaaa-bbbb-cccc', 'DEBIAN-CVE-2024-1', 'RHSA-2024:5079', 'CVE-2024-1'])(
    'leaves %s to the archives of OSV',
    (id) => {
      expect(isOfFormat(id)).toBe(false);
    },
  );
});

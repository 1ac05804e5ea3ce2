import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { asar } from './asar.js';

// Laid out as @electron/asar writes it: three packages, one of them scoped, and an unpacked file.
const content = readFileSync(join(__dirname, 'fixtures/app.asar'));
const path = 'opt/tide/resources/app.asar';

describe('asar', () => {
  it('wants archives of Electron by their ending', () => {
    expect(asar.wants(path, new Uint8Array())).toBe(true);
    expect(asar.wants(`${path}.unpacked/node_modules/a/package.json`, new Uint8Array())).toBe(false);
  });

  it('reads the packages in node_modules, and not the application itself', () => {
    const { packages, damage } = asar.analyze({ path, content });
    expect(packages?.map(({ name, version, foundIn }) => [name, version, foundIn]).toSorted()).toEqual([
      ['@a/b', '3.1.4', `${path}!/node_modules/@a/b/package.json`],
      ['ms', '2.0.0', `${path}!/node_modules/ms/package.json`],
    ]);
    expect(damage).toBeUndefined();
  });

  it('counts a manifest that cannot be read', () => {
    const broken = Buffer.from(content);
    broken.write('x', content.indexOf('{"name":"ms"'));
    expect(asar.analyze({ path, content: broken })).toMatchObject({
      packages: [{ name: '@a/b' }],
      damage: '1 records without a usable name, version or status',
    });
  });

  it('rejects other files, cut ones and headers that exceed them', () => {
    const long = Buffer.from(content);
    long.writeUInt32LE(1 << 30, 12);
    for (const each of [Buffer.alloc(0), Buffer.from('no archive at all'), content.subarray(0, 100), long])
      expect(() => asar.analyze({ path, content: each })).toThrow(/archive/);
  });

  it('throws nothing unexpected for damaged archives', () => {
    expect(unexpectedErrors(asar, { path, content })).toEqual([]);
  });
});

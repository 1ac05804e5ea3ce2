import { createHash } from 'node:crypto';

import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { PackageContents } from './package-contents.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const file = (content: string, path = 'usr/bin/tool', purl = 'pkg:deb/debian/tool@1-1?arch=amd64') => ({
  purl,
  path,
  sha256: sha256(content),
});

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
}, 60_000);

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

const compare = (image: string, ...files: ReturnType<typeof file>[]) =>
  store.transaction((tx) => new PackageContents().compare(tx, `sha256:${sha256(image)}`, files));

describe('PackageContents', () => {
  it('reports a file that differs from three others', async () => {
    for (const image of ['1', '2']) expect(await compare(image, file('good'))).toEqual([]);
    expect(await compare('early', file('bad'))).toEqual([]);
    expect(await compare('3', file('good'))).toEqual([]);
    expect(await compare('odd', file('worse'))).toEqual([
      { ...file('worse'), expected: sha256('good'), others: 3, alike: 1 },
    ]);
    expect(await compare('early', file('bad'))).toMatchObject([{ others: 3, alike: 1 }]);
    expect(await compare('3', file('good'))).toEqual([]);
  });

  it('counts an image once for repeated analyses', async () => {
    for (let time = 0; time < 5; time += 1) await compare('1', file('good'));
    expect(await compare('odd', file('bad'))).toEqual([]);
  });

  it('separates packages, versions and paths', async () => {
    for (const image of ['1', '2', '3']) await compare(image, file('good'));
    const others = [file('bad', 'usr/bin/other'), file('bad', 'usr/bin/tool', 'pkg:deb/debian/tool@1-2?arch=amd64')];
    expect(await compare('odd', ...others)).toEqual([]);
  });

  it('reports no outlier among equally common contents', async () => {
    for (const image of ['1', '2', '3', '4']) {
      await compare(`a${image}`, file('good'));
      await compare(`b${image}`, file('other'));
    }
    expect(await compare('b1', file('other'))).toEqual([]);
  });

  it('stores a few images of a content, and writes nothing for more', async () => {
    for (let image = 0; image < 12; image += 1) await compare(`${image}`, file('good'));
    const [known] = await store.query<{ images: string[] }>('SELECT images FROM package_content');
    expect(known?.images).toHaveLength(8);
  });

  it('accepts images with the same files at the same moment', async () => {
    const files = Array.from({ length: 500 }, (_, index) => file(`${index}`, `usr/bin/${index}`));
    const images = Array.from({ length: 4 }, (_, index) => `${index}`);
    await Promise.all(images.map((image) => compare(image, ...(Number(image) % 2 ? files : files.toReversed()))));
    expect(await compare('odd', file('bad', 'usr/bin/7'))).toMatchObject([{ others: 4 }]);
  });
});

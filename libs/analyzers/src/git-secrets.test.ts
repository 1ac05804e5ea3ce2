import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

import { tarArchive } from '@tidewaiter/testkit';

import { isGitObject, searchGitObjects } from './git-secrets.js';
import { analyzeLayer } from './index.js';

const key = Buffer.alloc(32, 1);
const token = ['glpat-', 'x7Kq2mW9vT4nB8cR5dZ1'].join('');
const settings = Buffer.from(`host=a\nGITLAB_TOKEN=${token}\n`);
const idOf = (data: Buffer) => createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');

const loosePath = 'srv/app/.git/objects/ab/0123456789abcdef0123456789abcdef012345';
const packPath = `srv/app/.git/objects/pack/pack-${'0a'.repeat(20)}.pack`;

/** Object with its header: type, and size in numbers that continue by their highest bit. */
function objectOf(type: number, data: Buffer, reference = Buffer.alloc(0)): Buffer {
  const header = [(type << 4) | (data.length & 15)];
  for (let size = data.length >> 4; size > 0; size >>= 7) {
    header[header.length - 1]! |= 0x80;
    header.push(size & 0x7f);
  }
  return Buffer.concat([Buffer.from(header), reference, deflateSync(data)]);
}

function packOf(...objects: Buffer[]): Buffer {
  const start = Buffer.from('PACK\0\0\0\u0002\0\0\0\0', 'latin1');
  start.writeUInt32BE(objects.length, 8);
  return Buffer.concat([start, ...objects, Buffer.alloc(20)]);
}

const found = (path: string, content: Buffer) => {
  const { secrets = [], warning } = searchGitObjects(path, content, key);
  return { secrets: secrets.map(({ rule, path: place }) => `${rule} ${place}`), warning: warning?.message };
};

describe('searchGitObjects', () => {
  it('finds a secret in a loose object', () => {
    const loose = deflateSync(Buffer.concat([Buffer.from(`blob ${settings.length}\0`), settings]));
    expect(found(loosePath, loose)).toEqual({ secrets: [`gitlab-pat ${loosePath}`], warning: undefined });
  });

  it('finds a password in a deleted .env', () => {
    const password = ['grau', 'brot77xQ'].join('');
    const variables = Buffer.from(`# shop\nDB_HOST=db\nDB_PASSWORD=${password}\n`);
    expect(found(packPath, packOf(objectOf(3, variables))).secrets).toEqual([
      `generic-password ${packPath}!/${idOf(variables)}`,
    ]);
    const prose = Buffer.from(`The password:\nDB_PASSWORD=${password}\n`);
    expect(found(packPath, packOf(objectOf(3, prose))).secrets).toEqual([]);
  });

  it('finds a secret in a pack, with the name of its blob', () => {
    const other = Buffer.from('nothing here\n'.repeat(40));
    expect(found(packPath, packOf(objectOf(3, other), objectOf(3, settings)))).toEqual({
      secrets: [`gitlab-pat ${packPath}!/${idOf(settings)}`],
      warning: undefined,
    });
  });

  it.each([
    ['a name', 7, Buffer.alloc(20, 9)],
    ['an offset', 6, Buffer.from([0x81, 0x02])],
  ])('finds a secret that a delta against %s adds in two parts', (_, type, reference) => {
    const [first, second] = [settings.subarray(0, 20), settings.subarray(20)];
    const parts = [Buffer.from([100, 120, 0x91, 7, 5]), Buffer.from([first.length]), first];
    const delta = Buffer.concat([...parts, Buffer.from([second.length]), second, Buffer.from([0x80])]);
    expect(found(packPath, packOf(objectOf(type, delta, reference)))).toEqual({
      secrets: [`gitlab-pat ${packPath}!/object 0`],
      warning: undefined,
    });
  });

  it('ignores trees, and values that only the name of their file would make a secret', () => {
    const tree = Buffer.concat([Buffer.from(`100644 ${token}\0`), Buffer.alloc(20)]);
    expect(
      found(packPath, packOf(objectOf(2, tree), objectOf(3, Buffer.from('password: Zebra42xK9\n')))).secrets,
    ).toEqual([]);
  });

  it('searches the objects of a layer', async () => {
    async function* blob(): AsyncGenerator<Uint8Array> {
      yield tarArchive([{ path: packPath, content: packOf(objectOf(3, settings)) }]);
    }
    const { facts } = await analyzeLayer(blob, {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      secretKey: key,
    });
    expect(facts.secrets).toMatchObject([{ path: `${packPath}!/${idOf(settings)}`, archive: packPath }]);
  });

  it('reports a pack that is damaged, and what it found before', () => {
    expect(found(packPath, packOf(objectOf(3, settings), Buffer.from([0x31, 1, 2])))).toEqual({
      secrets: [`gitlab-pat ${packPath}!/${idOf(settings)}`],
      warning: 'Git pack that cannot be read to its end',
    });
  });

  it('reports an object that inflates without end', () => {
    const bomb = deflateSync(Buffer.alloc(9 << 20));
    expect(found(loosePath, bomb).warning).toBe('Git object that cannot be read');
  });
});

describe('isGitObject', () => {
  it.each([
    [loosePath, true],
    [packPath, true],
    ['srv/app.git/objects/ab/0123456789abcdef0123456789abcdef012345', true],
    ['root/.cargo/registry/index/a/.git/objects/ab/0123456789abcdef0123456789abcdef012345', false],
    ['srv/app/.git/config', false],
  ])('decides about %s: %s', (path, expected) => {
    expect(isGitObject(path)).toBe(expected);
  });
});

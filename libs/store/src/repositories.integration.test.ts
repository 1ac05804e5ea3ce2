import { randomBytes } from 'node:crypto';

import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { ApiTokens } from './access/api-tokens.js';
import { Advisories } from './advisories/advisories.js';
import { connect } from './core/data-source.js';
import { Lists } from './core/lists.js';
import { Received } from './core/received.js';
import { Store } from './core/store.js';
import { Images, type EvaluatedPackage, type NewImage } from './images/images.js';
import { pushList } from './images/pushes/push-list.js';
import { type NewPush, Pushes } from './images/pushes/pushes.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const push = (more: Partial<NewPush> = {}): NewPush => ({
  connection: 'main',
  repository: 'app',
  tag: '1',
  claimedDigest: null,
  artifact: 'image',
  attachedTo: null,
  pushedBy: null,
  pushedAt: null,
  ...more,
});

const imageOf = (digest: string): NewImage => ({
  digest,
  mediaType: 'm',
  configDigest: digest,
  platform: 'linux/amd64',
  createdAt: null,
  baseCreatedAt: null,
  user: null,
  labels: {},
  findings: [],
  configVersion: null,
  layers: [],
});

describe('repositories', () => {
  it('returns the layers of an image in order, also large ones', async () => {
    const images = new Images(store);
    const large = { diffId: digestOf('d'), entries: randomBytes(2_500_000), facts: Buffer.from('large') };
    const empty = { diffId: digestOf('e'), entries: Buffer.alloc(0), facts: Buffer.from('empty') };
    const image = [large, empty, large];
    const layers = image.map(({ diffId }, index) => {
      return { index, digest: digestOf('b'), diffId, mediaType: 'm', sizeBytes: 1, createdBy: 'COPY' };
    });
    await store.transaction(async (tx) => {
      for (const { diffId, ...read } of [large, empty]) {
        const claim = { blobDigest: digestOf('b'), sizeBytes: 1, diffId };
        await images.layerAnalyzed(tx, claim, '1', { ...read, entryCount: 1, uncompressedBytes: 1 });
      }
      await images.add(tx, [{ ...imageOf(digestOf('a')), layers }]);
    });
    const kept = (await images.layers(digestOf('a')))!;
    expect(kept.map(({ facts, entries: _, ...layer }) => ({ ...layer, facts: facts?.toString() }))).toEqual(
      layers.map((layer, index) => ({
        ...layer,
        analyzersVersion: '1',
        entryCount: 1,
        facts: image[index]!.facts.toString(),
      })),
    );
    expect(kept.map(({ entries }, index) => entries?.equals(image[index]!.entries))).toEqual([true, true, true]);
  });

  describe('Pushes', () => {
    let pushes: Pushes;
    let images: Images;

    const add = async (...all: NewPush[]) => store.transaction((tx) => pushes.add(tx, all));

    const resolve = async (id: string, digest: string) => {
      const found = (await pushes.get(id))!;
      await store.transaction(async (tx) => {
        await images.add(tx, [imageOf(digest)]);
        await pushes.resolved(tx, found, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
      });
      return (await pushes.get(id))!;
    };

    beforeEach(() => {
      pushes = new Pushes(store);
      images = new Images(store);
    });

    it('are paged completely, also those of one transaction', async () => {
      const ids = await add(...Array.from({ length: 5 }, () => push()));
      const newestFirst = { where: { kind: 'all', of: [] }, sort: 'received', isDescending: true, limit: 2 } as const;
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await store.unlimited(async () => new Lists(store).page(pushList, { ...newestFirst, after }));
        seen.push(...page.items.map(({ id }) => id));
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(seen).toEqual(ids.toReversed());
    });

    it('have the previous digest of their tag, in order of arrival', async () => {
      const [first, second, other] = (await add(push(), push(), push({ tag: '2' }))) as [string, string, string];
      expect((await resolve(first, digestOf('a'))).previousDigest).toBeNull();
      expect((await resolve(second, digestOf('b'))).previousDigest).toBe(digestOf('a'));
      expect((await resolve(other, digestOf('c'))).previousDigest).toBeNull();
      expect((await resolve(second, digestOf('b'))).previousDigest).toBe(digestOf('a'));
    });

    it('ignore a late resolution', async () => {
      const [id] = (await add(push())) as [string];
      await resolve(id, digestOf('a'));
      expect(await resolve(id, digestOf('b'))).toMatchObject({ state: 'analyzing', digest: digestOf('a') });
      expect((await images.ofPush(id)).map(({ digest }) => digest)).toEqual([digestOf('a')]);
      const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
      await store.transaction((tx) => pushes.analyzed(tx, id, { verdict: 'pass', counts, warnings: [] }));
      expect(await resolve(id, digestOf('b'))).toMatchObject({ state: 'analyzed', digest: digestOf('a') });
    });

    it('are found by their digest and by those of their images', async () => {
      const [id] = (await add(push())) as [string];
      const found = (await pushes.get(id))!;
      await store.transaction(async (tx) => {
        await images.add(tx, [imageOf(digestOf('b'))]);
        const index = { digest: digestOf('a'), mediaType: 'm', registryHost: 'r:5000' };
        await pushes.resolved(tx, found, { ...index, imageDigests: [digestOf('b')] });
      });
      expect(await pushes.newestOf(digestOf('b'))).toBeNull();
      await store.query(`UPDATE push SET state = 'analyzed'`);
      for (const digest of [digestOf('a'), digestOf('b')]) expect(await pushes.newestOf(digest)).toMatchObject({ id });
      expect(await pushes.newestOf(digestOf('c'))).toBeNull();
    });

    it('end once', async () => {
      const [id] = (await add(push())) as [string];
      const end = (code: string) => store.transaction((tx) => pushes.failed(tx, id, 'refused', code, 'because'));
      expect(await end('FIRST')).toMatchObject({ state: 'refused', code: 'FIRST' });
      expect(await end('SECOND')).toBeNull();
      expect((await pushes.get(id))?.code).toBe('FIRST');
    });
  });

  it('stores packages with the longest names once', async () => {
    const images = new Images(store);
    // Random, because an index compresses what repeats.
    const text = () => randomBytes(512).toString('hex');
    const long = (source: { name: string; version: string }): EvaluatedPackage => ({
      purl: `pkg:deb/debian/${name}@${version}`,
      type: 'deb',
      name,
      version,
      source,
      licenses: [],
      foundIn: 'var/lib/dpkg/status',
      layer: 0,
      state: 'present',
      key: null,
    });
    const [name, version] = [text(), text()];
    const packages = [long({ name, version }), long({ name, version: '1' })];
    for (const digest of [digestOf('a'), digestOf('b')]) {
      await store.transaction(async (tx) => {
        await images.add(tx, [imageOf(digest)]);
        await images.analyzed(tx, digest, '1', { os: null, packages, warnings: [], findings: [], notEvaluated: [] });
      });
      expect((await images.packages(digest)).map(({ source }) => source)).toEqual(
        expect.arrayContaining(packages.map(({ source }) => source)),
      );
    }
    expect(await store.query('SELECT count(*)::int AS packages FROM package')).toEqual([{ packages: 2 }]);
  });

  it('gives a package its ecosystem once, and never removes it', async () => {
    const images = new Images(store);
    const key = { ecosystem: 'Debian', release: '12', names: ['zlib'] };
    const source = { name: 'zlib', version: '1' };
    const zlib = (evaluate: EvaluatedPackage['key']): EvaluatedPackage => ({
      purl: 'pkg:deb/debian/zlib1g@1',
      type: 'deb',
      name: 'zlib1g',
      version: '1',
      source,
      licenses: [],
      foundIn: 'var/lib/dpkg/status',
      layer: 0,
      state: 'present',
      key: evaluate,
    });
    for (const [digest, evaluate, known] of [
      [digestOf('a'), null, null],
      [digestOf('b'), key, { ecosystem: 'Debian', release: '12' }],
      [digestOf('c'), null, { ecosystem: 'Debian', release: '12' }],
    ] as const) {
      await store.transaction(async (tx) => {
        await images.add(tx, [imageOf(digest)]);
        await images.analyzed(tx, digest, '1', {
          os: null,
          packages: [zlib(evaluate)],
          warnings: [],
          findings: [],
          notEvaluated: [],
        });
      });
      expect(await new Advisories(store).scoped(digest)).toEqual([
        {
          type: 'deb',
          purl: 'pkg:deb/debian/zlib1g@1',
          state: 'present',
          scope: known && { ...known, otherReleases: [] },
          isUnmatched: known !== null,
        },
      ]);
    }
  });

  it('returns the ecosystems and releases that have advisories', async () => {
    const advisories = new Advisories(store);
    await store.query(
      `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change) VALUES ('A', 'A', '{}', '', 'low', now(), 1)`,
    );
    await store.query(
      `INSERT INTO advisory_package (advisory_id, position, ecosystem, release, name, affected)
     VALUES ('A', 0, 'Debian', '12', 'a', '{}'), ('A', 1, 'npm', NULL, 'a', '{}')`,
    );
    const scopes = [
      { ecosystem: 'Debian', release: '12' },
      { ecosystem: 'npm', release: null },
    ];
    const others = [
      { ecosystem: 'Debian', release: '13' },
      { ecosystem: 'PyPI', release: null },
    ];
    expect(await advisories.covered([...scopes, ...others])).toEqual(scopes);
  });

  it('accepts a webhook once, also twice in one body', async () => {
    const received = new Received();
    const keys = ['a', 'b', 'a'].map((deliveryKey) => ({ connection: 'main', deliveryKey }));
    expect(await store.transaction((tx) => received.remember(tx, keys))).toEqual([true, true, false]);
    expect(await store.transaction((tx) => received.remember(tx, keys))).toEqual([false, false, false]);
    expect(await store.transaction((tx) => received.remember(tx, [{ connection: 'other', deliveryKey: 'a' }]))).toEqual(
      [true],
    );
  });

  it('verifies a token until it is revoked or expires', async () => {
    const tokens = new ApiTokens(store);
    const ci = (await tokens.make('ci', 'gate', null)).reveal();
    for (const other of [`${ci.slice(0, -1)}${ci.endsWith('x') ? 'y' : 'x'}`, 'tide_', '']) {
      expect(await tokens.verify(other)).toBeNull();
    }
    const old = (await tokens.make('old', 'viewer', new Date(Date.now() - 1_000))).reveal();
    expect(await tokens.verify(ci)).toMatchObject({ name: 'ci', role: 'gate' });
    expect(await tokens.verify(old)).toBeNull();
    await expect(tokens.make('ci', 'maintainer', null)).rejects.toMatchObject({ code: 'TOKEN_NAME_TAKEN' });
    expect((await tokens.list()).map(({ name }) => name)).toEqual(['ci', 'old']);
    expect([await tokens.revoke('ci'), await tokens.revoke('ci')]).toEqual([true, false]);
    expect(await tokens.verify(ci)).toBeNull();
    expect(await tokens.verify((await tokens.make('ci', 'maintainer', null)).reveal())).toMatchObject({
      role: 'maintainer',
    });
  });
});

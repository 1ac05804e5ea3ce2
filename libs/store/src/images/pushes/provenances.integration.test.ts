import { type Attestation, findingOf, Secret, type Signature } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { Findings } from '../findings.js';
import { Images, type NewImage } from '../images.js';
import { Provenances, type StoredProvenance } from './provenances.js';
import { type Push, Pushes } from './pushes.js';
import { Revisions } from './revisions.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const here = { connection: 'main', repository: 'shop/app' };
const elsewhere = { ...here, repository: 'shop/web' };

const signature: Signature = {
  verified: true,
  code: null,
  reason: null,
  signer: { name: 'release', keyFingerprint: digestOf('f'), identity: null, issuer: null },
  subject: digestOf('a'),
  artifact: digestOf('e'),
};
const facts = { builder: 'https://builder.example.com', source: 'https://git.example.com/shop/app', builtAt: null };
const provenanceAt = (revision: string | null): Attestation => ({
  ...signature,
  kind: 'provenance',
  predicateType: 'https://slsa.dev/provenance/v1',
  ...facts,
  revision,
});
const signed: StoredProvenance = {
  signatures: [signature],
  attestations: [provenanceAt('abcdef0')],
  vex: [{ signer: signature.signer!, artifact: digestOf('e'), document: {} }],
  warnings: [],
};
const finding = findingOf({
  kind: 'supply-chain',
  id: 'image-unsigned',
  severity: 'high',
  title: 'Not signed',
  fingerprint: 'print',
  layer: null,
  state: 'present',
});

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let pushes: Pushes;
let provenances: Provenances;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
}, 60_000);

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  pushes = new Pushes(store);
  provenances = new Provenances(store);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

/** Pushes an image of one layer. */
async function push(
  letter: string,
  more: Partial<NewImage> & { tag?: string; repository?: string; layer?: string } = {},
): Promise<Push> {
  const { tag = '1.2.3', repository = here.repository, layer = letter, ...image } = more;
  const claims = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id] = await store.transaction((tx) => pushes.add(tx, [{ connection: 'main', repository, tag, ...claims }]));
  const added = (await pushes.get(id!))!;
  const digest = digestOf(letter);
  const described = {
    mediaType: 'm',
    configDigest: digest,
    platform: 'linux/amd64',
    createdAt: null,
    baseCreatedAt: null,
    user: null,
    labels: {},
    findings: [],
    configVersion: null,
  };
  const layers = [{ index: 0, digest: digestOf(layer), diffId: digestOf(layer), sizeBytes: 1, mediaType: 'm' }];
  await store.transaction(async (tx) => {
    await new Images(store).add(tx, [{ digest, ...described, layers, ...image }]);
    await pushes.resolved(tx, added, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
  });
  return (await pushes.get(id!))!;
}

const put = (place: typeof here, letter: string, known: StoredProvenance | null, findings = [finding]) =>
  store.transaction((tx) => provenances.put(tx, place, digestOf(letter), known, findings));

describe('Provenances', () => {
  it('stores the newest provenance of an image for each repository', async () => {
    await push('a');
    await put(here, 'a', { signatures: [], attestations: [], vex: [], warnings: [] });
    await put(here, 'a', signed, []);
    await put(elsewhere, 'a', null);
    expect(await provenances.get(here, digestOf('a'))).toEqual(signed);
    expect(await provenances.get(elsewhere, digestOf('a'))).toBeNull();
    expect(await provenances.ofImage(digestOf('a'))).toMatchObject([{ ...here, ...signed }]);
    const findings = new Findings(store);
    expect(await findings.of([digestOf('a')], here)).toEqual([]);
    expect(await findings.of([digestOf('a')], elsewhere)).toMatchObject([{ id: 'image-unsigned' }]);
    expect(await findings.of([digestOf('a')])).toHaveLength(1);
  });

  it('limits a finding about a tag to that tag', async () => {
    await push('a');
    const moved = { ...finding, id: 'release-tag-moved', fingerprint: 'moved' };
    await put(here, 'a', null);
    await store.transaction((tx) => provenances.putOfTag(tx, { ...here, tag: '1.2.3' }, digestOf('a'), [moved]));
    await store.transaction((tx) => provenances.putOfTag(tx, { ...here, tag: '2.0.0' }, digestOf('a'), []));
    const idsOf = async (tag?: string | null) =>
      (await new Findings(store).of([digestOf('a')], { ...here, ...(tag !== undefined && { tag }) }))
        .map(({ id }) => id)
        .toSorted();
    expect(await idsOf('1.2.3')).toEqual(['image-unsigned', 'release-tag-moved']);
    expect(await idsOf('2.0.0')).toEqual(['image-unsigned']);
    expect(await idsOf(null)).toEqual(['image-unsigned']);
    await put(here, 'a', null, []);
    expect(await idsOf('1.2.3')).toEqual(['release-tag-moved']);
  });

  describe('Revisions.earlierImages', () => {
    const labels = { 'org.opencontainers.image.revision': 'abcdef0' };
    const earlier = async ({ digest, repository }: Push) =>
      (await new Revisions(store).earlierImages({ repository }, digest!, 'abcdef0')).map((image) => image.digest);

    it('returns images pushed before under the label', async () => {
      const first = await push('a', { labels });
      expect(await earlier(first)).toEqual([]);
      expect(await earlier(await push('b', { labels }))).toEqual([digestOf('a')]);
      expect(await earlier(first)).toEqual([]);
    });

    it('returns images of the revision by verified provenance', async () => {
      await push('a');
      await put(here, 'a', signed);
      expect(await earlier(await push('b'))).toEqual([digestOf('a')]);
    });

    it('returns images of repositories whose path ends in the same name', async () => {
      await push('a', { labels, repository: 'mirror/shop/app' });
      expect(await earlier(await push('b', { labels }))).toEqual([digestOf('a')]);
    });

    it('returns nothing for an image that was pushed first', async () => {
      await push('a', { labels });
      await push('b', { labels, repository: 'intruder/app' });
      expect(await earlier(await push('a', { labels, repository: 'mirror/app' }))).toEqual([]);
    });

    it.each<[string, Parameters<typeof push>[1]]>([
      ['in a repository of another name', { labels, repository: elsewhere.repository }],
      ['for another platform', { labels, platform: 'linux/arm64' }],
      ['of another revision', { labels: { 'org.opencontainers.image.revision': '1234567' } }],
    ])('returns no image %s', async (_, before) => {
      await push('a', before);
      expect(await earlier(await push('b', { labels }))).toEqual([]);
    });

    it('replaces the findings from comparing content only', async () => {
      await push('a');
      await put(here, 'a', signed);
      const own = { ...finding, id: 'same-revision-different-content', fingerprint: 'own' };
      const ids = async () => (await new Findings(store).of([digestOf('a')], here)).map(({ id }) => id).toSorted();
      await store.transaction((tx) => new Revisions(store).putFindings(tx, here, digestOf('a'), [own]));
      await put(here, 'a', signed);
      expect(await ids()).toEqual(['image-unsigned', own.id]);
      await store.transaction((tx) => new Revisions(store).putFindings(tx, here, digestOf('a'), []));
      expect(await ids()).toEqual(['image-unsigned']);
    });
  });

  it('returns the newest push of each tag that holds a digest', async () => {
    const [first, second, third] = [await push('a'), await push('a'), await push('a', { tag: 'latest' })];
    await push('a', { repository: elsewhere.repository });
    await push('b', { tag: 'other' });
    expect((await pushes.holding(here, digestOf('a'))).map(({ id }) => id)).toEqual([third.id, second.id]);
    const counts = { critical: 0, high: 1, medium: 0, low: 0, negligible: 0, unknown: 0 };
    const verdict = { verdict: 'fail', counts, warnings: [] } as const;
    await store.transaction((tx) => pushes.reevaluated(tx, first.id, verdict));
    expect(await pushes.get(first.id)).toMatchObject({ state: 'analyzing', verdict: null });
    await store.transaction((tx) => pushes.analyzed(tx, first.id, verdict));
    await store.transaction((tx) => pushes.reevaluated(tx, first.id, { ...verdict, verdict: 'pass' }));
    expect(await pushes.get(first.id)).toMatchObject({ state: 'analyzed', verdict: 'pass' });
  });
});

import { type CiRun, Secret, unknownRun } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { Images } from '../images.js';
import { type NewPipelineReport, PipelineReports } from './pipeline-reports.js';
import { Pushes } from './pushes.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const [index, amd64, arm64] = ['0', 'a', 'b'].map(digestOf) as [string, string, string];

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let pushes: Pushes;
let reports: PipelineReports;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
}, 60_000);

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  pushes = new Pushes(store);
  reports = new PipelineReports(store);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

let keys = 0;
const report = (
  imageDigest: string,
  run: Partial<CiRun>,
  more: Partial<NewPipelineReport> = {},
): NewPipelineReport => ({
  connection: 'ci',
  reportKey: `key ${(keys += 1)}`,
  imageDigest,
  documentDigest: digestOf('d'),
  mediaType: 'application/json',
  content: Buffer.from([0, 1, 0xff]),
  kind: 'run',
  format: 'run',
  version: null,
  registry: null,
  repository: null,
  tag: null,
  run: { ...unknownRun, ...run },
  proven: [],
  packages: null,
  builder: null,
  ...more,
});

const add = async (...added: NewPipelineReport[]) => store.transaction((tx) => reports.add(tx, added));

/** Pushes an index of two images. */
async function push(repository = 'shop/app', tag = '1'): Promise<string> {
  const claims = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id = ''] = await store.transaction((tx) =>
    pushes.add(tx, [{ connection: 'main', repository, tag, ...claims }]),
  );
  const added = (await pushes.get(id))!;
  const described = {
    mediaType: 'm',
    createdAt: null,
    baseCreatedAt: null,
    user: null,
    labels: {},
    findings: [],
    configVersion: null,
    layers: [],
  };
  await store.transaction(async (tx) => {
    for (const digest of [amd64, arm64])
      await new Images(store).add(tx, [{ digest, configDigest: digest, platform: `linux/${digest}`, ...described }]);
    const imageDigests = [amd64, arm64];
    await pushes.resolved(tx, added, { digest: index, mediaType: 'm', registryHost: 'r:5000', imageDigests });
  });
  return id;
}

describe('PipelineReports', () => {
  it('stores a report once, with its document byte for byte', async () => {
    const sent = report(amd64, { id: '7' });
    expect(await add(sent, report(arm64, {}))).toMatchObject([
      { connection: 'ci', imageDigest: amd64, run: { id: '7', actor: null } },
      { imageDigest: arm64, run: null },
    ]);
    expect(await add(sent)).toEqual([]);
    expect(await add({ ...sent, connection: 'other' })).toHaveLength(1);
    expect(await store.query('SELECT content FROM pipeline_document')).toEqual([
      { content: Buffer.from([0, 1, 0xff]) },
    ]);
  });

  it('stores texts with NUL and lone surrogates', async () => {
    expect(await add(report(amd64, { actor: 'a\0\ud800' }))).toMatchObject([{ run: { actor: 'a\uFFFD\uFFFD' } }]);
  });

  it('joins reports from before the push, about the index and about its images', async () => {
    await add(report(index, { id: 'i' }), report(amd64, { id: 'a' }), report(arm64, { id: 'b' }));
    const idsOf = async (digest: string) => new Set((await reports.of(digest)).map(({ run }) => run?.id));
    expect(await idsOf(index)).toEqual(new Set(['i']));
    await push();
    expect(await idsOf(index)).toEqual(new Set(['a', 'b', 'i']));
    expect(await idsOf(amd64)).toEqual(new Set(['a', 'i']));
  });

  it('prefers a run proven by a token, then one for the tag, then a run report, then the newest', async () => {
    const id = await push();
    const bestAfter = async (...sent: NewPipelineReport[]) => {
      for (const each of sent) await add(each);
      return (await reports.runOf(id))?.run.id;
    };
    expect(await reports.runOf(id)).toBeNull();
    expect(await bestAfter(report(amd64, {}))).toBeUndefined();
    expect(await bestAfter(report(index, { id: 'build' }, { kind: 'provenance' }))).toBe('build');
    expect(await bestAfter(report(amd64, { id: 'run' }))).toBe('run');
    expect(await bestAfter(report(index, { id: 'newer' }), report(index, { id: 'x' }, { kind: 'provenance' }))).toBe(
      'newer',
    );
    expect(await bestAfter(report(index, { id: 'tag' }, { tag: '1' }), report(index, { id: 'y' }, { tag: '2' }))).toBe(
      'tag',
    );
    expect(
      await bestAfter(report(index, { id: 'proven' }, { proven: ['id'] }), report(index, { id: 'z' }, { tag: '1' })),
    ).toBe('proven');
  });

  it('ignores reports about another repository', async () => {
    const id = await push();
    await add(report(index, { id: 'other' }, { repository: 'shop/other', proven: ['id'] }));
    expect(await reports.runOf(id)).toBeNull();
    await add(report(index, { id: 'own' }, { repository: 'shop/app' }));
    expect((await reports.runOf(id))?.run.id).toBe('own');
  });

  it('returns the statements about images of a repository, each once', async () => {
    const statement = (imageDigest: string, letter: string, more: Partial<NewPipelineReport> = {}) =>
      report(imageDigest, {}, { format: 'in-toto', kind: 'provenance', documentDigest: digestOf(letter), ...more });
    await add(
      statement(index, '1'),
      statement(index, '1', { connection: 'other' }),
      statement(amd64, '2', { repository: 'shop/app' }),
      statement(amd64, '3', { repository: 'shop/other' }),
      statement(digestOf('c'), '4'),
      report(amd64, {}, { documentDigest: digestOf('5') }),
    );
    const found = await reports.attestations({ repository: 'shop/app' }, [index, amd64]);
    expect(found).toHaveLength(2);
    expect(new Map(found.map(({ imageDigest, manifest }) => [imageDigest, manifest]))).toEqual(
      new Map([
        [index, digestOf('1')],
        [amd64, digestOf('2')],
      ]),
    );
  });

  it('returns the newest SBOM of an image in a repository', async () => {
    const sbom = (imageDigest: string, letter: string, more: Partial<NewPipelineReport> = {}) =>
      report(imageDigest, {}, { kind: 'sbom', format: 'cyclonedx', documentDigest: digestOf(letter), ...more });
    await add(sbom(amd64, '1'));
    await add(sbom(amd64, '2', { repository: 'shop/app' }));
    await add(
      sbom(index, '3'),
      sbom(amd64, '4', { repository: 'shop/other' }),
      sbom(amd64, '5', { format: 'in-toto' }),
      report(amd64, {}, { documentDigest: digestOf('6') }),
    );
    const app = { repository: 'shop/app' };
    expect(await reports.sbom(app, amd64)).toEqual({ digest: digestOf('2'), content: Buffer.from([0, 1, 0xff]) });
    expect(await reports.sbom({ repository: 'shop/web' }, amd64)).toMatchObject({ digest: digestOf('1') });
    expect(await reports.sbom(app, arm64)).toBeNull();
  });

  it('returns the newest push of a digest in each repository', async () => {
    const [, second, third] = [await push(), await push('shop/app', '2'), await push('shop/web')];
    const bringing = async (digest: string) => store.transaction((tx) => pushes.bringing(tx, digest));
    for (const digest of [index, amd64])
      expect(await bringing(digest)).toEqual([
        { id: second, repository: 'shop/app' },
        { id: third, repository: 'shop/web' },
      ]);
    expect(await bringing(digestOf('f'))).toEqual([]);
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { readOsvRecord } from '@tidewaiter/advisories';
import { AdvisoryFileWriter, formatVersion, imageFacts, writeImage } from '@tidewaiter/advisory-file';
import { buildArtifact, layoutPlace, signArtifact } from '@tidewaiter/advisory-sync';
import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { Advisories, AdvisoryFeeds, connect, Store } from '@tidewaiter/store';
import {
  startHttpServer,
  startLayoutRegistry,
  type TestHttpServer,
  throwAwayServers,
  type ThrowAwayServers,
  zipArchive,
} from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let bucket: TestHttpServer;
let dataSource: DataSource;
let feeds: AdvisoryFeeds;
let store: Store;
let url: string;
let asked: string[] = [];

const record = {
  id: 'DEBIAN-CVE-2026-1000',
  modified: '2026-01-01T00:00:00Z',
  affected: [{ package: { ecosystem: 'Debian:12', name: 'hello' }, versions: ['2.10-3'] }],
};
const kev = {
  dateReleased: '2026-01-01T00:00:00Z',
  vulnerabilities: [{ cveID: 'CVE-2026-1000', dateAdded: '2026-01-01' }],
};
const files: Record<string, string | Buffer> = {
  '/ecosystems.txt': 'Debian\nAlpine\n',
  '/Debian/all.zip': zipArchive([{ name: `${record.id}.json`, content: JSON.stringify(record) }]),
  '/kev.json': JSON.stringify(kev),
  '/epss.csv.gz': gzipSync('#score_date:2026-01-02T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1000,0.5,0.9\n'),
};

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
  bucket = await startHttpServer((request, response) => {
    asked.push(request.url ?? '');
    const body = files[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
}, 60_000);

beforeEach(async () => {
  asked = [];
  url = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  feeds = new AdvisoryFeeds(store, new Advisories(store));
});

afterEach(async () => dataSource.destroy());

afterAll(async () => {
  await bucket.stop();
  await servers.stop();
}, 30_000);

async function withScanner(environment: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const service: RunningService = await start({
    TIDEWAITER_DATABASE_URL: url,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    ...environment,
  });
  try {
    await work();
  } finally {
    await service.stop();
  }
}

const place = (path: string) => `http://127.0.0.1:${bucket.port}${path}`;

async function syncStates(): Promise<string[]> {
  return (await store.query<{ state: string }>(`SELECT state FROM job WHERE queue = 'sync-osv'`)).map(
    ({ state }) => state,
  );
}

describe('SyncAdvisories', () => {
  it('loads advisories once per interval, even if one of the feeds fails', async () => {
    const environment = {
      TIDEWAITER_ADVISORIES_INTERVAL: '6h',
      TIDEWAITER_ADVISORIES_URL: place(''),
      TIDEWAITER_KEV_URL: place('/kev.json'),
      TIDEWAITER_EPSS_URL: place('/epss.csv.gz'),
    };
    await withScanner(environment, async () => {
      while (!(await syncStates()).includes('done')) await sleep(50);
    });
    expect(asked).toEqual(['/ecosystems.txt', '/Alpine/all.zip', '/Debian/all.zip', '/kev.json', '/epss.csv.gz']);
    const holdings = await feeds.holdings();
    expect(holdings).toMatchObject({
      advisories: 1,
      ecosystems: [{ ecosystem: 'Debian', records: 1 }],
      kev: 1,
      epss: 1,
    });
    expect(holdings.feeds.map(({ name }) => name)).toEqual(['Debian', 'EPSS', 'KEV']);
    const scores = await store.query('SELECT cve, score FROM kev JOIN epss USING (cve)');
    expect(scores).toEqual([{ cve: 'CVE-2026-1000', score: 0.5 }]);
    // A second scanner finds that it is not due.
    await withScanner(environment, async () => sleep(500));
    expect(await syncStates()).toEqual(['done']);
  }, 30_000);

  it('takes an artifact into the database, which a trusted signer must have signed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-artifact-'));
    const source = join(folder, 'source.db');
    using writer = AdvisoryFileWriter.open(source);
    await writer.update(async () => {
      await writer.put([readOsvRecord(record)]);
      await writer.noteFeed({
        ...{ name: 'Debian', origin: 'test', etag: null, lastModified: null, records: 1, rejected: 0 },
        ...{ asOf: '2026-01-02T00:00:00Z', checkedAt: '2026-01-02T00:00:00Z', changedAt: '2026-01-02T00:00:00Z' },
      });
    });
    writer.close();
    const image = join(folder, 'image.db');
    writeImage(source, image);
    const layout = join(folder, 'layout');
    const database = { path: image, format: formatVersion, ...imageFacts(image) };
    const digest = await buildArtifact(database, null, layoutPlace(layout), 'latest');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const registry = await startLayoutRegistry(new Map([['security/advisories', layout]]));
    const environment = {
      TIDEWAITER_ADVISORIES_INTERVAL: '6h',
      TIDEWAITER_ADVISORIES_FROM: `oci://${new URL(registry.url).host}/security/advisories`,
      TIDEWAITER_ADVISORIES_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    };
    try {
      await withScanner(environment, async () => {
        const refused = async () =>
          store.query(`SELECT FROM job WHERE queue = 'sync-osv' AND reason LIKE '%no trusted signer%'`);
        while ((await refused()).length === 0) await sleep(50);
      });
      expect((await feeds.holdings()).advisories).toBe(0);
      await store.query(`DELETE FROM job WHERE queue = 'sync-osv'`);
      await signArtifact(layoutPlace(layout), digest, privateKey);
      await withScanner(environment, async () => {
        while (!(await syncStates()).includes('done')) await sleep(50);
      });
      expect(await feeds.holdings()).toMatchObject({ advisories: 1, feeds: [{ name: 'Debian' }] });
    } finally {
      await registry.stop();
      await rm(folder, { recursive: true });
    }
  }, 60_000);

  it('makes no request unless it is configured', async () => {
    await withScanner({ TIDEWAITER_ADVISORIES_URL: place('') }, async () => sleep(500));
    expect([asked, await syncStates()]).toEqual([[], []]);
  }, 30_000);

  it.each([
    ['TIDEWAITER_ADVISORIES_INTERVAL', 'often'],
    ['TIDEWAITER_ADVISORIES_URL', 'ftp://example.com'],
    ['TIDEWAITER_ADVISORIES_ECOSYSTEMS', 'Debian,../npm'],
  ])('does not start with %s=%s', async (name, value) => {
    await expect(withScanner({ [name]: value }, async () => undefined)).rejects.toThrow(name);
  });
});

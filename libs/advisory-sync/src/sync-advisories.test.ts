import { createHash } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { AdvisoryFile, AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, type TestHttpServer, zipArchive } from '@tidewaiter/testkit';

import type { FeedResult, ReadingListener } from './advisory-keeper.js';
import { placesOf } from './sources/sources.js';
import { syncAdvisories } from './sync-advisories.js';

/** Fault of the bucket in one request; false serves the request as it should be. */
type Fault = (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean;

/** Serves files as a bucket does: validators, conditions, ranges. Every request is kept. */
class Bucket {
  readonly files = new Map<string, Buffer>();
  readonly requests: { path: string; range: string | undefined; condition: string | undefined; status: number }[] = [];
  faults = new Map<string, Fault[]>();

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(request.url ?? '');
    const { range, 'if-none-match': condition } = request.headers;
    response.on('close', () => this.requests.push({ path, range, condition, status: response.statusCode }));
    const body = this.files.get(path);
    if (!body) return void response.writeHead(404).end();
    const etag = etagOf(body);
    response.setHeader('etag', etag);
    if (this.faults.get(path)?.shift()?.(request, response, body)) return;
    if (condition === etag) return void response.writeHead(304).end();
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? Number.NaN);
    if (Number.isNaN(start) || request.headers['if-range'] !== etag) {
      return void response.writeHead(200, { 'content-length': body.length }).end(body);
    }
    if (start >= body.length) return void response.writeHead(416).end();
    const rest = body.subarray(start);
    const headers = {
      'content-length': rest.length,
      'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
    };
    response.writeHead(206, headers).end(rest);
  };

  failNext(path: string, ...how: Fault[]): void {
    this.faults.set(path, how);
  }

  statuses(path: string): number[] {
    return this.requests.filter((each) => each.path === path).map(({ status }) => status);
  }
}

const etagOf = (body: Buffer) => `"${createHash('md5').update(body).digest('hex')}"`;

interface Facts {
  modified?: string;
  ecosystem?: string;
}

const record = (id: string, { modified = '2026-01-01T00:00:00Z', ecosystem = 'npm' }: Facts = {}) => ({
  id,
  modified,
  // Incompressible text, so that a download can be cut.
  details: createHash('sha512').update(id).digest('hex').repeat(4),
  affected: [{ package: { ecosystem, name: 'left-pad' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
});
const archiveOf = (...records: { id: string }[]) =>
  zipArchive(records.map((each) => ({ name: `${each.id}.json`, content: JSON.stringify(each) })));
const manyOf = (count: number, facts?: Facts) =>
  Array.from({ length: count }, (_, index) => record(`GHSA-${index}`, facts));
/** Answer of endoflife.date about the release 18 of Node.js. */
const endOfLife = (eolFrom: string) =>
  Buffer.from(
    JSON.stringify({
      generated_at: '2026-01-01T00:00:00+00:00',
      result: [{ name: 'nodejs', label: 'Node.js', releases: [{ name: '18', isEol: true, eolFrom }] }],
    }),
  );
const kev = (...cves: string[]) =>
  Buffer.from(
    JSON.stringify({
      dateReleased: '2026-01-01T00:00:00Z',
      vulnerabilities: cves.map((cveID) => ({ cveID, dateAdded: '2026-01-01' })),
    }),
  );
const epss = (cve: string, score: number) =>
  gzipSync(`#model_version:v1,score_date:2026-01-02T00:00:00+0000\ncve,epss,percentile\n${cve},${score},0.5\n`);

/** Remembers what it hears. */
class RecordingListener implements ReadingListener {
  readonly results: FeedResult[] = [];
  readonly failures: [name: string, code: string][] = [];
  readonly kept: [name: string, gone: number, all: number][] = [];
  downloading(): void {}
  reading(): void {}
  rejected(): void {}
  keptDeleted(...kept: [name: string, gone: number, all: number]): void {
    this.kept.push(kept);
  }
  done(result: FeedResult): void {
    this.results.push(result);
  }
  failed(name: string, error: unknown): void {
    this.failures.push([name, (error as { code: string }).code]);
  }
}

let bucket: Bucket;
let server: TestHttpServer;
let folder: string;
let egress: Egress;

describe('syncAdvisories', () => {
  beforeEach(async () => {
    bucket = new Bucket();
    server = await startHttpServer(bucket.handle);
    folder = await mkdtemp(join(tmpdir(), 'tidewaiter-sync-'));
    egress = new Egress({ allow: [] });
    bucket.files.set('/ecosystems.txt', Buffer.from('npm\nDebian\nDebian:12\n'));
    bucket.files.set('/npm/all.zip', archiveOf(...manyOf(40)));
    bucket.files.set('/Debian/all.zip', archiveOf(record('DSA-1', { ecosystem: 'Debian:12' })));
    bucket.files.set('/kev.json', kev('CVE-2026-0001'));
    bucket.files.set('/products/full', endOfLife('2026-01-01'));
    bucket.files.set('/epss.csv.gz', epss('CVE-2026-0001', 0.25));
  });

  afterEach(async () => {
    await egress.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const path = () => join(folder, 'advisories.db');
  const url = (place: string) => `http://127.0.0.1:${server.port}${place}`;

  async function sync(
    options: { ecosystems?: string[]; acceptsRemovals?: boolean; osvUrl?: string } = {},
  ): Promise<RecordingListener> {
    const listener = new RecordingListener();
    using keeper = AdvisoryFileWriter.open(path());
    await syncAdvisories({
      keeper,
      listener,
      egress,
      places: placesOf({
        osv: options.osvUrl ?? url(''),
        kev: url('/kev.json'),
        epss: url('/epss.csv.gz'),
        endoflife: url('/products/full'),
      }),
      ecosystems: options.ecosystems ?? null,
      folder: join(folder, 'downloads'),
      request: { allowPrivate: true },
      acceptsRemovals: options.acceptsRemovals ?? false,
      retryDelaysMs: [1, 1],
    });
    return listener;
  }

  function read<T>(work: (file: AdvisoryFile) => T): T {
    using file = AdvisoryFile.open(path());
    return work(file);
  }

  const idsOf = (ecosystem: string, release = '') =>
    read((file) =>
      file
        .candidates({ ecosystem, release, names: ['left-pad'] })
        .map(({ advisory: { id } }) => id)
        .toSorted(),
    );
  const namesOf = (results: readonly FeedResult[]) =>
    results.map(({ name, state, changed }) => `${name} ${state} ${changed}`);

  it('loads everything, and then sends only conditional requests', async () => {
    const first = await sync();
    expect(first.failures).toEqual([]);
    expect(namesOf(first.results)).toEqual([
      'Debian read 1',
      'npm read 40',
      'KEV read 1',
      'EPSS read 1',
      'End of life read 1',
    ]);
    expect(idsOf('npm')).toHaveLength(40);
    expect(idsOf('Debian', '12')).toEqual(['DSA-1']);
    read((file) => {
      expect(file.exploitation(['CVE-2026-0001'])).toEqual({ kev: true, kevLists: ['CISA'], epss: 0.25 });
      expect(file.feeds().map(({ name, origin, records }) => ({ name, origin, records }))).toEqual([
        { name: 'Debian', origin: url('/Debian/all.zip'), records: 1 },
        { name: 'EPSS', origin: url('/epss.csv.gz'), records: 1 },
        { name: 'End of life', origin: url('/products/full'), records: 1 },
        { name: 'KEV', origin: url('/kev.json'), records: 1 },
        { name: 'npm', origin: url('/npm/all.zip'), records: 40 },
      ]);
    });
    const changedAt = read((file) => file.feeds().map((feed) => feed.changedAt));
    const second = await sync();
    expect(second.results.every(({ state }) => state === 'unchanged')).toBe(true);
    expect(read((file) => file.endOfLife(['nodejs']))).toMatchObject([{ releases: [{ supportEnds: '2026-01-01' }] }]);
    expect(bucket.statuses('/npm/all.zip')).toEqual([200, 304]);
    expect(read((file) => file.feeds().map((feed) => feed.changedAt))).toEqual(changedAt);
    expect(readdirSync(join(folder, 'downloads'))).toEqual([]);
  });

  it('writes newer records and deletes missing ones', async () => {
    await sync();
    const newer = record('GHSA-1', { modified: '2026-02-01T00:00:00Z' });
    bucket.files.set(
      '/npm/all.zip',
      archiveOf(
        ...manyOf(40)
          .map((each) => (each.id === newer.id ? newer : each))
          .slice(0, 38),
      ),
    );
    const { results } = await sync();
    expect(results.find(({ name }) => name === 'npm')).toMatchObject({
      state: 'read',
      records: 38,
      changed: 1,
      gone: 2,
    });
    expect(idsOf('npm')).not.toContain('GHSA-39');
    bucket.files.set('/npm/all.zip', archiveOf(...manyOf(40)));
    expect((await sync()).results.find(({ name }) => name === 'npm')).toMatchObject({ changed: 2, gone: 0 });
    expect(idsOf('npm')).toHaveLength(40);
  });

  it('deletes missing records of an archive about several families', async () => {
    bucket.files.set('/ecosystems.txt', Buffer.from('Docker Hardened Images\n'));
    const records = ['Alpine:3.24', 'Debian:13'].flatMap((family) =>
      [1, 2].map((number) => record(`DHI-${family}-${number}`, { ecosystem: `Docker Hardened Images:${family}` })),
    );
    bucket.files.set('/Docker Hardened Images/all.zip', archiveOf(...records));
    await sync();
    expect(idsOf('Docker Hardened Images:Alpine', '3.24')).toHaveLength(2);
    bucket.files.set('/Docker Hardened Images/all.zip', archiveOf(...records.slice(1, 3)));
    expect((await sync()).results).toContainEqual(expect.objectContaining({ records: 2, gone: 2 }));
    expect(idsOf('Docker Hardened Images:Alpine', '3.24')).toEqual(['DHI-Alpine:3.24-2']);
    expect(idsOf('Docker Hardened Images:Debian', '13')).toEqual(['DHI-Debian:13-1']);
  });

  it('keeps the records if most of an ecosystem is missing, unless removals are accepted', async () => {
    await sync();
    bucket.files.set('/npm/all.zip', archiveOf(...manyOf(10)));
    expect((await sync()).kept).toEqual([['npm', 30, 40]]);
    expect(idsOf('npm')).toHaveLength(40);
    bucket.files.set('/npm/all.zip', archiveOf(...manyOf(9)));
    expect((await sync({ acceptsRemovals: true })).kept).toEqual([]);
    expect(idsOf('npm')).toHaveLength(9);
  });

  it('requests only configured ecosystems', async () => {
    expect(namesOf((await sync({ ecosystems: ['npm'] })).results)).toEqual([
      'npm read 40',
      'KEV read 1',
      'EPSS read 1',
      'End of life read 1',
    ]);
    expect(bucket.statuses('/ecosystems.txt')).toEqual([]);
  });

  /** Sends the head and half of the body, and breaks the connection when that has been written. */
  const cut: Fault = (_, response, body) => {
    const half = body.subarray(0, body.length / 2);
    response.writeHead(200, { 'content-length': body.length });
    response.write(half);
    const watch = setInterval(() => {
      if (partSizes().includes(half.length)) response.destroy();
    }, 2);
    response.on('close', () => clearInterval(watch));
    return true;
  };
  const partSizes = () =>
    readdirSync(join(folder, 'downloads'))
      .filter((name) => name.endsWith('.part'))
      .map((name) => statSync(join(folder, 'downloads', name)).size);
  const answer =
    (status: number, headers: Record<string, string> = {}, sent?: (body: Buffer) => Buffer): Fault =>
    (_, response, body) => {
      response.writeHead(status, headers).end(sent?.(body));
      return true;
    };

  describe('an interrupted download', () => {
    it('resumes at its last byte', async () => {
      bucket.failNext('/npm/all.zip', cut);
      expect((await sync()).failures).toEqual([]);
      const half = bucket.files.get('/npm/all.zip')!.length / 2;
      expect(bucket.requests.filter((each) => each.path === '/npm/all.zip').map(({ range }) => range)).toEqual([
        undefined,
        `bytes=${Math.floor(half)}-`,
      ]);
      expect(idsOf('npm')).toHaveLength(40);
    });

    it('resumes in the next sync after too many interruptions', async () => {
      const cutAgain: Fault = (_, response) => Boolean(response.destroy());
      bucket.failNext('/npm/all.zip', cut, cutAgain, cutAgain);
      expect((await sync()).failures).toEqual([['npm', 'EGRESS_UNREACHABLE']]);
      expect((await sync()).failures).toEqual([]);
      expect(bucket.statuses('/npm/all.zip').at(-1)).toBe(206);
      expect(idsOf('npm')).toHaveLength(40);
    });

    it('resumes after a killed process', async () => {
      const body = bucket.files.get('/npm/all.zip')!;
      await sync({ ecosystems: ['Debian'] });
      const key = createHash('sha256').update(url('/npm/all.zip')).digest('hex').slice(0, 32);
      // No process has this number.
      const part = join(folder, 'downloads', `${key}.99999999.part`);
      writeFileSync(part, body.subarray(0, 100));
      const state = { url: url('/npm/all.zip'), etag: etagOf(body), lastModified: null, totalBytes: body.length };
      writeFileSync(`${part}.json`, JSON.stringify(state));
      expect((await sync({ ecosystems: ['npm'] })).failures).toEqual([]);
      expect(bucket.requests.find((each) => each.path === '/npm/all.zip')?.range).toBe('bytes=100-');
      expect(idsOf('npm')).toHaveLength(40);
      expect(readdirSync(join(folder, 'downloads'))).toEqual([]);
    });

    it('restarts when the file has changed meanwhile', async () => {
      const changed = archiveOf(...manyOf(41));
      bucket.failNext('/npm/all.zip', (request, response, body) => {
        bucket.files.set('/npm/all.zip', changed);
        return cut(request, response, body);
      });
      expect((await sync()).failures).toEqual([]);
      expect(bucket.statuses('/npm/all.zip')).toEqual([200, 200]);
      expect(idsOf('npm')).toHaveLength(41);
    });

    it.each([
      [
        'another file',
        (body: Buffer) => ({
          etag: '"other"',
          'content-range': `bytes ${Math.floor(body.length / 2)}-${body.length - 1}/${body.length}`,
        }),
      ],
      ['another place', (body: Buffer) => ({ 'content-range': `bytes 7-${body.length - 1}/${body.length}` })],
      [
        'another size',
        (body: Buffer) => ({ 'content-range': `bytes ${Math.floor(body.length / 2)}-${body.length - 1}/9` }),
      ],
      ['it does not say what', () => ({})],
    ])('restarts when the response is %s', async (_, headers) => {
      bucket.failNext('/npm/all.zip', cut, (request, response, body) =>
        answer(206, headers(body), (all) => all)(request, response, body),
      );
      expect((await sync()).failures).toEqual([]);
      expect(bucket.statuses('/npm/all.zip')).toEqual([200, 206, 200]);
      expect(idsOf('npm')).toHaveLength(40);
    });
  });

  describe('a faulty server', () => {
    const half = (body: Buffer) => body.subarray(0, body.length / 2);

    it.each<[string, Fault, string]>([
      ['is missing', answer(404), 'FEED_MISSING'],
      ['is refused', answer(403), 'FEED_REFUSED'],
      ['fails', answer(503), 'FEED_UNAVAILABLE'],
      ['is limited', answer(429, { 'retry-after': '0' }), 'FEED_UNAVAILABLE'],
      ['is no archive', answer(200, {}, () => Buffer.from('<html>')), 'OSV_ZIP'],
      ['has no record', answer(200, {}, () => zipArchive([])), 'ADVISORIES_EMPTY'],
      ['is half an archive', answer(200, {}, half), 'OSV_ZIP'],
      ['is longer than it says', answer(200, { 'content-length': '100' }, (body) => body), 'OSV_ZIP'],
      [
        'has another digest',
        answer(200, { 'x-goog-hash': 'crc32c=AAAAAA==, md5=AAAAAAAAAAAAAAAAAAAAAA==' }, (body) => body),
        'FEED_DIGEST',
      ],
      ['claims more than is allowed', answer(200, { 'content-length': '99999999999999' }), 'LIMIT_EXCEEDED'],
      ['is unchanged without a condition', answer(304), 'FEED_REFUSED'],
      ['lies elsewhere, again and again', answer(302, { location: '/npm/all.zip' }), 'EGRESS_REDIRECTS'],
      ['lies in a private network', answer(302, { location: 'http://10.0.0.1/all.zip' }), 'EGRESS_REFUSED'],
    ])('costs only the archive that %s', async (_, fault, code) => {
      bucket.failNext('/npm/all.zip', ...Array.from({ length: 10 }, () => fault));
      const broken = await sync();
      expect(broken.failures).toEqual([['npm', code]]);
      expect(namesOf(broken.results)).toEqual(['Debian read 1', 'KEV read 1', 'EPSS read 1', 'End of life read 1']);
      bucket.failNext('/npm/all.zip');
      expect((await sync()).failures).toEqual([]);
      const before = idsOf('npm');
      expect(before).toHaveLength(40);
      bucket.files.set('/npm/all.zip', archiveOf(...manyOf(41)));
      bucket.failNext('/npm/all.zip', ...Array.from({ length: 10 }, () => fault));
      await sync();
      expect(idsOf('npm')).toEqual(before);
    });

    it('adds nothing from an archive that breaks in the middle', async () => {
      const whole = archiveOf(...manyOf(3_000));
      const broken = Buffer.from(whole);
      // The signature of a header in the directory at its end.
      broken.writeUInt32LE(0, broken.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])));
      bucket.files.set('/npm/all.zip', broken);
      expect((await sync()).failures).toEqual([['npm', 'OSV_ZIP']]);
      expect(idsOf('npm')).toEqual([]);
      bucket.files.set('/npm/all.zip', whole);
      expect((await sync()).failures).toEqual([]);
      expect(idsOf('npm')).toHaveLength(3_000);
    });

    it('does not delete unreadable records, which are counted', async () => {
      await sync();
      const records = manyOf(40).slice(1);
      const archive = zipArchive([
        { name: 'GHSA-0.json', content: '{' },
        ...records.map((each) => ({ name: `${each.id}.json`, content: JSON.stringify(each) })),
      ]);
      bucket.files.set('/npm/all.zip', archive);
      expect((await sync()).results.find(({ name }) => name === 'npm')).toMatchObject({
        records: 39,
        rejected: 1,
        gone: 0,
      });
      expect(idsOf('npm')).toContain('GHSA-0');
    });

    it.each([
      ['/kev.json', 'KEV', 'KEV_FORMAT'],
      ['/epss.csv.gz', 'EPSS', 'EPSS_FORMAT'],
      ['/products/full', 'End of life', 'END_OF_LIFE_FORMAT'],
      ['/ecosystems.txt', 'ecosystems.txt', 'ECOSYSTEMS_INVALID'],
    ])('reports %s that is a page of HTML', async (place, name, code) => {
      await sync();
      bucket.files.set(place, Buffer.from('<html>\n<body>../../etc</body>\n</html>'));
      expect((await sync()).failures).toEqual([[name, code]]);
      expect(read((file) => file.exploitation(['CVE-2026-0001']))).toEqual({
        kev: true,
        kevLists: ['CISA'],
        epss: 0.25,
      });
      expect(read((file) => file.endOfLife())).toHaveLength(1);
    });

    it('reaches a private address only if it is configured', async () => {
      const listener = await sync({ osvUrl: 'http://169.254.169.254' });
      expect(listener.failures).toEqual([['ecosystems.txt', 'EGRESS_REFUSED']]);
    });
  });
});

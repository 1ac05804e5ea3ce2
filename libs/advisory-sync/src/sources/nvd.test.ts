import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { AdvisoryFile, AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, type TestHttpServer } from '@tidewaiter/testkit';

import type { FeedResult } from '../advisory-keeper.js';
import { advisorySources } from '../advisory-sources.js';
import { importFiles } from '../import-files.js';
import { syncAdvisories } from '../sync-advisories.js';
import { placesOf } from './sources.js';

const configurationsOf = (product: string, versionEndExcluding: string) => {
  const criteria = `cpe:2.3:a:${product}:*:*:*:*:*:*:*:*`;
  return [{ nodes: [{ operator: 'OR', cpeMatch: [{ vulnerable: true, criteria, versionEndExcluding }] }] }];
};

function cve(id: string, product: string, modified = '2026-01-01T00:00:00.000', vulnStatus = 'Analyzed') {
  return { cve: { id, lastModified: modified, vulnStatus, configurations: configurationsOf(product, '2.0') } };
}

const documentOf = (...vulnerabilities: object[]) =>
  JSON.stringify({ format: 'NVD_CVE', version: '2.0', vulnerabilities });

/** File of a year with its description, as NVD serves them. */
function yearFiles(year: number, text: string): [string, string | Buffer][] {
  const sha256 = createHash('sha256').update(text).digest('hex').toUpperCase();
  return [
    [`nvdcve-2.0-${year}.meta`, `lastModifiedDate:2026-01-01T03:00:00-05:00\r\nsize:1\r\nsha256:${sha256}\r\n`],
    [`nvdcve-2.0-${year}.json.gz`, gzipSync(text)],
  ];
}

const nginx = { ecosystem: 'Program', release: 'nginx', names: ['nginx'] };

describe('the source of NVD', () => {
  let folder: string;
  let server: TestHttpServer;
  let egress: Egress;
  let files: Map<string, string | Buffer>;
  let asked: string[];

  beforeAll(async () => {
    server = await startHttpServer((request, response) => {
      const path = (request.url ?? '').replace(/^\/nvd\//, '');
      const body = files.get(path);
      if (body !== undefined) asked.push(path);
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    egress = new Egress({ allow: [] });
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nvd-'));
    asked = [];
    files = new Map([
      ...yearFiles(2002, documentOf(cve('CVE-2001-0001', 'f5:nginx'))),
      ...yearFiles(2024, documentOf(cve('CVE-2024-0001', 'nginx:nginx'), cve('CVE-2024-0002', 'acme:shop'))),
    ]);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  afterAll(async () => {
    await egress.close();
    await server.stop();
  });

  const listener = (results: (FeedResult | string)[]) => {
    const nothing = () => undefined;
    return {
      ...{ downloading: nothing, reading: nothing, rejected: nothing, keptDeleted: nothing },
      done: (result: FeedResult) => void results.push(result),
      failed: (_name: string, error: unknown) => void results.push((error as { code: string }).code),
    };
  };

  async function sync(): Promise<(FeedResult | string)[]> {
    const results: (FeedResult | string)[] = [];
    using keeper = AdvisoryFileWriter.open(join(folder, 'advisories.db'));
    await syncAdvisories({
      ...{ keeper, egress, folder, ecosystems: null, acceptsRemovals: false, listener: listener(results) },
      ...{
        places: placesOf({ nvd: `http://127.0.0.1:${server.port}/nvd` }),
        request: { allowPrivate: true },
        retryDelaysMs: [],
      },
    });
    return results;
  }

  async function importFolder(): Promise<(FeedResult | string)[]> {
    const results: (FeedResult | string)[] = [];
    using keeper = AdvisoryFileWriter.open(join(folder, 'advisories.db'));
    const sources = await advisorySources(join(folder, 'feed'));
    await importFiles(sources, { keeper, acceptsRemovals: false, listener: listener(results) });
    return results;
  }

  function ids(): string[] {
    using file = AdvisoryFile.open(join(folder, 'advisories.db'));
    return file.candidates(nginx).map(({ advisory }) => advisory.id);
  }

  it('keeps the records about programs of all years that the server has', async () => {
    expect(await sync()).toMatchObject([{ name: 'NVD', state: 'read', records: 2, changed: 2 }]);
    expect(ids()).toEqual(['NVD-CVE-2001-0001', 'NVD-CVE-2024-0001']);
  });

  it('fetches only the years that changed, and withdraws what is no longer about a program', async () => {
    await sync();
    asked = [];
    expect(await sync()).toMatchObject([{ name: 'NVD', state: 'unchanged' }]);
    expect(asked.filter((path) => path.endsWith('.gz'))).toEqual([]);
    const later = '2026-02-01T00:00:00.000';
    const changed = documentOf(cve('CVE-2024-0001', 'acme:shop', later), cve('CVE-2024-0003', 'f5:nginx'));
    for (const [path, body] of yearFiles(2024, changed)) files.set(path, body);
    expect(await sync()).toMatchObject([{ state: 'read', changed: 2 }]);
    expect(asked.filter((path) => path.endsWith('.gz'))).toEqual(['nvdcve-2.0-2024.json.gz']);
    expect(ids()).toEqual(['NVD-CVE-2001-0001', 'NVD-CVE-2024-0003']);
  });

  it('withdraws the records that NVD rejected later', async () => {
    await sync();
    const rejected = cve('CVE-2024-0001', 'f5:nginx', '2026-02-01T00:00:00.000', 'Rejected');
    for (const [path, body] of yearFiles(2024, documentOf(rejected))) files.set(path, body);
    await sync();
    expect(ids()).toEqual(['NVD-CVE-2001-0001']);
  });

  it('reads nothing of a file with another digest', async () => {
    files.set('nvdcve-2.0-2024.json.gz', gzipSync(documentOf()));
    expect(await sync()).toEqual(['FEED_DIGEST']);
    files.clear();
    expect(await sync()).toEqual(['FEED_MISSING']);
  });

  it('imports a folder of years, pages of the API and corrections', async () => {
    const feed = join(folder, 'feed');
    mkdirSync(join(feed, 'nvd'), { recursive: true });
    mkdirSync(join(feed, 'overrides/data/2024'), { recursive: true });
    for (const [path, body] of files) writeFileSync(join(feed, 'nvd', path), body);
    writeFileSync(join(feed, 'page.json'), documentOf(cve('CVE-2024-0004', 'f5:nginx')));
    const correction = {
      _annotation: { cve_id: 'CVE-2024-0001' },
      cve: { configurations: configurationsOf('f5:nginx', '1') },
    };
    writeFileSync(join(feed, 'overrides/data/2024/CVE-2024-0001.json'), JSON.stringify(correction));
    const results = await importFolder();
    expect(results.map((result) => (typeof result === 'string' ? result : `${result.name} ${result.records}`))).toEqual(
      expect.arrayContaining(['page.json 1', 'NVD 2', 'NVD corrections 1']),
    );
    expect(ids().toSorted()).toEqual([
      'NVD-CVE-2001-0001',
      'NVD-CVE-2024-0001',
      'NVD-CVE-2024-0004',
      'NVDFIX-CVE-2024-0001',
    ]);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';

import { AdvisoryFile, AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, tarArchive, type TestHttpServer } from '@tidewaiter/testkit';

import type { FeedResult } from '../advisory-keeper.js';
import { advisorySources } from '../advisory-sources.js';
import { importFiles } from '../import-files.js';
import { syncAdvisories, type SyncOptions } from '../sync-advisories.js';
import { placesOf } from './sources.js';

function documentOf(cve: string, modified: string): string {
  return JSON.stringify({
    document: {
      category: 'csaf_vex',
      publisher: { namespace: 'https://www.redhat.com' },
      tracking: { id: cve, current_release_date: modified, initial_release_date: modified },
    },
    product_tree: {
      branches: [
        { product: { product_id: 'p', product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9' } } },
        { product: { product_id: 'c', product_identification_helper: { purl: 'pkg:rpm/redhat/a' } } },
      ],
      relationships: [
        {
          ...{ full_product_name: { product_id: 'p:c' }, product_reference: 'c', relates_to_product_reference: 'p' },
        },
      ],
    },
    vulnerabilities: [{ cve, product_status: { known_affected: ['p:c'] } }],
  });
}

const tarOf = (files: readonly (readonly [path: string, content: string])[]): Buffer =>
  tarArchive(files.map(([path, content]) => ({ path, content })));

const pathOf = (cve: string) => `${cve.slice(4, 8)}/${cve.toLowerCase()}.json`;
const row = (cve: string, at: string) => `"${pathOf(cve)}","${at}"\n`;
const [one, two, three] = ['CVE-2024-1001', 'CVE-2024-1002', 'CVE-2024-1003'] as const;
const may = '2024-05-01T10:00:00+00:00';

describe('the source of Red Hat', () => {
  let folder: string;
  let server: TestHttpServer;
  let egress: Egress;
  let files: Map<string, string | Buffer>;
  let asked: string[];

  beforeAll(async () => {
    server = await startHttpServer((request, response) => {
      const path = (request.url ?? '').replace(/^\/vex\//, '');
      asked.push(path);
      const body = files.get(path);
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    egress = new Egress({ allow: [] });
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'redhat-'));
    asked = [];
    const documents = [one, two].map((cve) => [`vex/${pathOf(cve)}`, documentOf(cve, may)] as const);
    files = new Map<string, string | Buffer>([
      ['changes.csv', row(two, may) + row(one, may)],
      ['deletions.csv', ''],
      ['archive_latest.txt', 'csaf_vex_2024-05-02.tar.zst\n'],
      ['csaf_vex_2024-05-02.tar.zst', zstdCompressSync(tarOf(documents))],
    ]);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  afterAll(async () => {
    await egress.close();
    await server.stop();
  });

  const database = () => join(folder, 'advisories.db');

  async function run(work: (options: Pick<SyncOptions, 'keeper' | 'listener' | 'acceptsRemovals'>) => Promise<void>) {
    const results: FeedResult[] = [];
    const failures: unknown[] = [];
    const listener = {
      ...{ downloading: () => undefined, reading: () => undefined, keptDeleted: () => undefined },
      rejected: (name: string) => failures.push(name),
      done: (result: FeedResult) => results.push(result),
      failed: (_name: string, error: unknown) => failures.push((error as { code: string }).code),
    };
    using keeper = AdvisoryFileWriter.open(database());
    await work({ keeper, listener, acceptsRemovals: false });
    return { results, failures };
  }

  const sync = async () =>
    run(async (options) =>
      syncAdvisories({
        ...options,
        ...{ egress, ecosystems: null, folder: join(folder, 'downloads'), retryDelaysMs: [1] },
        places: placesOf({ redhat: `http://127.0.0.1:${server.port}/vex` }),
        request: { allowPrivate: true },
      }),
    );

  function idsIn(): string[] {
    using file = AdvisoryFile.open(database());
    const found = file.candidates({ ecosystem: 'Red Hat', release: '9', names: ['a'] });
    return found.map(({ advisory }) => advisory.id).toSorted();
  }

  it('reads the archive first, and then single documents that changed', async () => {
    expect(await sync()).toMatchObject({ failures: [], results: [{ name: 'Red Hat VEX', records: 2, changed: 2 }] });
    expect(idsIn()).toEqual([`REDHAT-${one}`, `REDHAT-${two}`]);
    expect((await sync()).results).toMatchObject([{ state: 'unchanged' }]);

    const june = '2024-06-01T10:00:00+00:00';
    files.set('changes.csv', row(three, june) + row(two, may) + row(one, may));
    files.set(pathOf(three), documentOf(three, june));
    files.set('deletions.csv', row(one, june));
    asked = [];
    expect(await sync()).toMatchObject({ failures: [], results: [{ changed: 1, gone: 1 }] });
    expect(asked).toEqual(['changes.csv', 'deletions.csv', pathOf(three)]);
    expect(idsIn()).toEqual([`REDHAT-${two}`, `REDHAT-${three}`]);
  });

  it('reads every document of a server without an archive', async () => {
    files.delete('archive_latest.txt');
    for (const cve of [one, two]) files.set(pathOf(cve), documentOf(cve, may));
    expect(await sync()).toMatchObject({ failures: [], results: [{ changed: 2 }] });
  });

  it('leaves out documents that are missing or broken', async () => {
    files.set('changes.csv', row(three, '2024-06-01T10:00:00+00:00') + row(two, may) + row(one, may));
    files.set(
      'csaf_vex_2024-05-02.tar.zst',
      zstdCompressSync(
        tarOf([
          [`vex/${pathOf(one)}`, '{'],
          [`vex/${pathOf(two)}`, documentOf(two, may)],
        ]),
      ),
    );
    expect(await sync()).toMatchObject({
      failures: [pathOf(one), pathOf(three)],
      results: [{ changed: 1, rejected: 2 }],
    });
  });

  it.each<[string, (all: Map<string, string | Buffer>) => void, string]>([
    ['has no list of changes', (all) => all.delete('changes.csv'), 'FEED_MISSING'],
    ['has a broken list of changes', (all) => all.set('changes.csv', '<html>'), 'FEED_INDEX'],
    ['has an empty list of changes', (all) => all.set('changes.csv', ''), 'FEED_INDEX'],
    ['names an archive elsewhere', (all) => all.set('archive_latest.txt', '../../x_2024-05-02.tar.zst'), 'FEED_INDEX'],
    [
      'has a broken archive',
      (all) => all.set('csaf_vex_2024-05-02.tar.zst', zstdCompressSync('x'.repeat(2000))),
      'ARCHIVE_INVALID',
    ],
    [
      'has an archive that ends too early',
      (all) =>
        all.set(
          'csaf_vex_2024-05-02.tar.zst',
          zstdCompressSync(tarOf([['vex/a', 'b'.repeat(2000)]]).subarray(0, 1200)),
        ),
      'ARCHIVE_INVALID',
    ],
  ])('reports a server that %s', async (_fault, change, code) => {
    change(files);
    expect(await sync()).toEqual({ results: [], failures: [code] });
  });

  it('reads a folder with the documents of the server', async () => {
    for (const cve of [one, two]) {
      const path = join(folder, 'vex', pathOf(cve));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, documentOf(cve, may));
    }
    writeFileSync(join(folder, 'vex/changes.csv'), row(one, may));
    writeFileSync(join(folder, 'vex/deletions.csv'), row(two, may));
    const sources = await advisorySources(join(folder, 'vex'));
    expect(await run(async (options) => importFiles(sources, options))).toMatchObject({ failures: [] });
    expect(idsIn()).toEqual([`REDHAT-${one}`]);
  });
});

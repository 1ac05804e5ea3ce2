import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { AdvisoryFile, AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, tarArchive, type TestHttpServer } from '@tidewaiter/testkit';

import type { FeedResult } from '../advisory-keeper.js';
import { advisorySources } from '../advisory-sources.js';
import { importFiles } from '../import-files.js';
import { syncAdvisories, type SyncOptions } from '../sync-advisories.js';
import { type NamedPlaces, placesOf } from './sources.js';

const [one, two, three] = ['CVE-2024-1001', 'CVE-2024-1002', 'CVE-2024-1003'] as const;
const may = '2024-05-01T10:00:00+00:00';
const june = '2024-06-01T10:00:00+00:00';

/** Document of a publisher that has the package `a` of a platform affected by one CVE. */
function documentOf(namespace: string, branches: object[], platform: string, cve: string, modified: string): string {
  return JSON.stringify({
    document: {
      category: 'csaf_vex',
      publisher: { namespace },
      tracking: { id: cve, current_release_date: modified, initial_release_date: modified },
    },
    product_tree: {
      branches,
      relationships: [
        {
          full_product_name: { product_id: `${platform}:a` },
          product_reference: 'a',
          relates_to_product_reference: platform,
        },
      ],
    },
    vulnerabilities: [{ cve, product_status: { known_affected: [`${platform}:a`] } }],
  });
}

let folder: string;
let server: TestHttpServer;
let egress: Egress;
/** Content of the server, by path. */
let files: Map<string, string | Buffer>;
let asked: string[];

beforeAll(async () => {
  server = await startHttpServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    asked.push(path);
    const body = files.get(path);
    const headers = { 'last-modified': 'Thu, 02 May 2024 03:00:00 GMT' };
    response.writeHead(body === undefined ? 404 : 200, headers).end(body);
  });
  egress = new Egress({ allow: [] });
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vex-'));
  asked = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

afterAll(async () => {
  await egress.close();
  await server.stop();
});

async function run(work: (options: Pick<SyncOptions, 'keeper' | 'listener' | 'acceptsRemovals'>) => Promise<void>) {
  const results: FeedResult[] = [];
  const failures: string[] = [];
  const listener = {
    ...{ downloading: () => undefined, reading: () => undefined, keptDeleted: () => undefined },
    rejected: (name: string) => failures.push(name),
    done: (result: FeedResult) => results.push(result),
    failed: (_name: string, error: unknown) => failures.push((error as { code: string }).code),
  };
  using keeper = AdvisoryFileWriter.open(join(folder, 'advisories.db'));
  await work({ keeper, listener, acceptsRemovals: false });
  return { results, failures };
}

const syncFrom = async (places: NamedPlaces) =>
  run(async (options) =>
    syncAdvisories({
      ...options,
      ...{ egress, ecosystems: null, folder: join(folder, 'downloads'), retryDelaysMs: [1] },
      places: placesOf(places),
      request: { allowPrivate: true },
    }),
  );

function idsIn(ecosystem: string, release: string): string[] {
  using file = AdvisoryFile.open(join(folder, 'advisories.db'));
  const found = file.candidates({ ecosystem, release, names: ['a'] });
  return [...new Set(found.map(({ advisory }) => advisory.id))].toSorted();
}

describe('the source of Red Hat', () => {
  const branches = [
    { product: { product_id: 'p', product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9' } } },
    { product: { product_id: 'a', product_identification_helper: { purl: 'pkg:rpm/redhat/a' } } },
  ];
  const document = (cve: string, modified: string) =>
    documentOf('https://www.redhat.com', branches, 'p', cve, modified);
  const pathOf = (cve: string) => `${cve.slice(4, 8)}/${cve.toLowerCase()}.json`;
  const row = (cve: string, at: string) => `"${pathOf(cve)}","${at}"\n`;
  const tarOf = (documents: readonly (readonly [path: string, content: string])[]): Buffer =>
    tarArchive(documents.map(([path, content]) => ({ path, content })));
  const sync = async () => syncFrom({ redhat: `http://127.0.0.1:${server.port}/vex` });
  const ids = () => idsIn('Red Hat', '9');
  const put = (path: string, content: string | Buffer) => files.set(`vex/${path}`, content);

  beforeEach(() => {
    files = new Map();
    put('changes.csv', row(two, may) + row(one, may));
    put('deletions.csv', '');
    put('archive_latest.txt', 'csaf_vex_2024-05-02.tar.zst\n');
    const documents = [one, two].map((cve) => [`vex/${pathOf(cve)}`, document(cve, may)] as const);
    put('csaf_vex_2024-05-02.tar.zst', zstdCompressSync(tarOf(documents)));
  });

  it('reads the archive first, and then single documents that changed', async () => {
    expect(await sync()).toMatchObject({ failures: [], results: [{ name: 'Red Hat VEX', records: 2, changed: 2 }] });
    expect(ids()).toEqual([`REDHAT-${one}`, `REDHAT-${two}`]);
    expect((await sync()).results).toMatchObject([{ state: 'unchanged' }]);

    put('changes.csv', row(three, june) + row(two, may) + row(one, may));
    put(pathOf(three), document(three, june));
    put('deletions.csv', row(one, june));
    asked = [];
    expect(await sync()).toMatchObject({ failures: [], results: [{ changed: 1, gone: 1 }] });
    expect(asked).toEqual(['changes.csv', 'deletions.csv', pathOf(three)].map((path) => `vex/${path}`));
    expect(ids()).toEqual([`REDHAT-${two}`, `REDHAT-${three}`]);
  });

  it('reads every document of a server without an archive', async () => {
    files.delete('vex/archive_latest.txt');
    for (const cve of [one, two]) put(pathOf(cve), document(cve, may));
    expect(await sync()).toMatchObject({ failures: [], results: [{ changed: 2 }] });
  });

  it('leaves out documents that are missing or broken', async () => {
    put('changes.csv', row(three, '2024-06-01T10:00:00+00:00') + row(two, may) + row(one, may));
    put(
      'csaf_vex_2024-05-02.tar.zst',
      zstdCompressSync(
        tarOf([
          [`vex/${pathOf(one)}`, '{'],
          [`vex/${pathOf(two)}`, document(two, may)],
        ]),
      ),
    );
    expect(await sync()).toMatchObject({
      failures: [pathOf(one), pathOf(three)],
      results: [{ changed: 1, rejected: 2 }],
    });
  });

  it.each<[string, (all: Map<string, string | Buffer>) => void, string]>([
    ['has no list of changes', (all) => all.delete('vex/changes.csv'), 'FEED_MISSING'],
    ['has a broken list of changes', (all) => all.set('vex/changes.csv', '<html>'), 'FEED_INDEX'],
    ['has an empty list of changes', (all) => all.set('vex/changes.csv', ''), 'FEED_INDEX'],
    [
      'names an archive elsewhere',
      (all) => all.set('vex/archive_latest.txt', '../../x_2024-05-02.tar.zst'),
      'FEED_INDEX',
    ],
    [
      'has a broken archive',
      (all) => all.set('vex/csaf_vex_2024-05-02.tar.zst', zstdCompressSync('x'.repeat(2000))),
      'ARCHIVE_INVALID',
    ],
    [
      'has an archive that ends too early',
      (all) =>
        all.set(
          'vex/csaf_vex_2024-05-02.tar.zst',
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
      writeFileSync(path, document(cve, may));
    }
    writeFileSync(join(folder, 'vex/changes.csv'), row(one, may));
    writeFileSync(join(folder, 'vex/deletions.csv'), row(two, may));
    const sources = await advisorySources(join(folder, 'vex'));
    expect(await run(async (options) => importFiles(sources, options))).toMatchObject({ failures: [] });
    expect(ids()).toEqual([`REDHAT-${one}`]);
  });
});

describe('the source of SUSE', () => {
  const platform = 'SUSE Linux Enterprise Server 15 SP5';
  const document = (cve: string, modified: string) => documentOf('https://www.suse.com/', [], platform, cve, modified);
  const pathOf = (cve: string) => `${cve.toLowerCase()}.json`;
  const row = (cve: string, at: string) => `"${pathOf(cve)}","${at}"\n`;
  const sync = async () => syncFrom({ suse: `http://127.0.0.1:${server.port}/csaf-vex/` });
  const ids = () => idsIn('SUSE', '15 SP5');

  beforeEach(() => {
    const documents = [one, two].map((cve) => ({ path: `csaf-vex/${pathOf(cve)}`, content: document(cve, may) }));
    files = new Map<string, string | Buffer>([
      ['csaf-vex/changes.csv', row(three, june) + row(two, may) + row(one, may)],
      ['csaf-vex.tar.bz2', gzipSync(tarArchive(documents))],
      [`csaf-vex/${pathOf(three)}`, document(three, june)],
    ]);
  });

  it('reads the archive beside the folder, then what changed after it', async () => {
    expect(await sync()).toMatchObject({ failures: [], results: [{ name: 'SUSE VEX', records: 3, changed: 3 }] });
    expect(asked.filter((path) => path.endsWith('.json'))).toEqual([`csaf-vex/${pathOf(three)}`]);
    expect(ids()).toEqual([one, two, three].map((cve) => `SUSE-${cve}`));

    asked = [];
    expect((await sync()).results).toMatchObject([{ state: 'unchanged' }]);
    expect(asked).toEqual(['csaf-vex/changes.csv']);
  });

  it('reads every document of a server without the archive', async () => {
    files.delete('csaf-vex.tar.bz2');
    for (const cve of [one, two]) files.set(`csaf-vex/${pathOf(cve)}`, document(cve, may));
    expect(await sync()).toMatchObject({ failures: [], results: [{ changed: 3 }] });
  });

  it('reads a folder of documents, of which one is broken', async () => {
    writeFileSync(join(folder, pathOf(one)), '{');
    for (const cve of [two, three]) writeFileSync(join(folder, pathOf(cve)), document(cve, may));
    const sources = await advisorySources(folder);
    expect(await run(async (options) => importFiles(sources, options))).toMatchObject({
      failures: [pathOf(one)],
      results: [{ name: 'SUSE VEX', changed: 2, rejected: 1 }],
    });
    expect(ids()).toEqual([two, three].map((cve) => `SUSE-${cve}`));
  });
});

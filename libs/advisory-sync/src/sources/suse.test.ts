import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { AdvisoryFile, AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, tarArchive, type TestHttpServer } from '@tidewaiter/testkit';

import type { FeedResult } from '../advisory-keeper.js';
import { advisorySources } from '../advisory-sources.js';
import { importFiles } from '../import-files.js';
import { syncAdvisories, type SyncOptions } from '../sync-advisories.js';
import { placesOf } from './sources.js';

const platform = 'SUSE Linux Enterprise Server 15 SP5';

function documentOf(cve: string, modified: string): string {
  return JSON.stringify({
    document: {
      category: 'csaf_vex',
      publisher: { namespace: 'https://www.suse.com/' },
      tracking: { id: cve, current_release_date: modified, initial_release_date: modified },
    },
    product_tree: {
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

const [one, two, three] = ['CVE-2024-1001', 'CVE-2024-1002', 'CVE-2024-1003'] as const;
const may = '2024-05-01T10:00:00Z';
const june = '2024-06-01T10:00:00Z';
const pathOf = (cve: string) => `${cve.toLowerCase()}.json`;
const row = (cve: string, at: string) => `"${pathOf(cve)}","${at}"\n`;

describe('the source of SUSE', () => {
  let folder: string;
  let server: TestHttpServer;
  let egress: Egress;
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
    folder = mkdtempSync(join(tmpdir(), 'suse-'));
    asked = [];
    const documents = [one, two].map((cve) => ({ path: `csaf-vex/${pathOf(cve)}`, content: documentOf(cve, may) }));
    files = new Map<string, string | Buffer>([
      ['csaf-vex/changes.csv', row(three, june) + row(two, may) + row(one, may)],
      ['csaf-vex.tar.bz2', gzipSync(tarArchive(documents))],
      [`csaf-vex/${pathOf(three)}`, documentOf(three, june)],
    ]);
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

  const sync = async () =>
    run(async (options) =>
      syncAdvisories({
        ...options,
        ...{ egress, ecosystems: null, folder: join(folder, 'downloads'), retryDelaysMs: [1] },
        places: placesOf({ suse: `http://127.0.0.1:${server.port}/csaf-vex/` }),
        request: { allowPrivate: true },
      }),
    );

  function idsIn(): string[] {
    using file = AdvisoryFile.open(join(folder, 'advisories.db'));
    const found = file.candidates({ ecosystem: 'SUSE', release: '15 SP5', names: ['a'] });
    return [...new Set(found.map(({ advisory }) => advisory.id))].toSorted();
  }

  it('reads the archive beside the folder, then what changed after it', async () => {
    expect(await sync()).toMatchObject({ failures: [], results: [{ name: 'SUSE VEX', records: 3, changed: 3 }] });
    expect(asked.filter((path) => path.endsWith('.json'))).toEqual([`csaf-vex/${pathOf(three)}`]);
    expect(idsIn()).toEqual([one, two, three].map((cve) => `SUSE-${cve}`));

    asked = [];
    expect((await sync()).results).toMatchObject([{ state: 'unchanged' }]);
    expect(asked).toEqual(['csaf-vex/changes.csv']);
  });

  it('reads every document of a server without the archive', async () => {
    files.delete('csaf-vex.tar.bz2');
    for (const cve of [one, two]) files.set(`csaf-vex/${pathOf(cve)}`, documentOf(cve, may));
    expect(await sync()).toMatchObject({ failures: [], results: [{ changed: 3 }] });
  });

  it('reads a folder of documents, of which one is broken', async () => {
    writeFileSync(join(folder, pathOf(one)), '{');
    for (const cve of [two, three]) writeFileSync(join(folder, pathOf(cve)), documentOf(cve, may));
    const sources = await advisorySources(folder);
    expect(await run(async (options) => importFiles(sources, options))).toMatchObject({
      failures: [pathOf(one)],
      results: [{ name: 'SUSE VEX', changed: 2, rejected: 1 }],
    });
    expect(idsIn()).toEqual([two, three].map((cve) => `SUSE-${cve}`));
  });
});

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { AdvisoryFile, AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { Egress } from '@tidewaiter/egress';
import { startHttpServer, type TestHttpServer } from '@tidewaiter/testkit';

import type { FeedResult } from '../advisory-keeper.js';
import { advisorySources } from '../advisory-sources.js';
import { importFiles } from '../import-files.js';
import { syncAdvisories } from '../sync-advisories.js';
import { placesOf } from './sources.js';

const core = 'https://cdn.example/2/core/2.0/x86_64/0123';
const docker = 'https://cdn.example/2/extras/docker/1/x86_64/4567';

function update(id: string, collection: string, modified = '2024-01-01 00:00'): string {
  return `<update><id>${id}</id><updated date="${modified}"/><pkglist><collection short="${collection}">
    <package name="a" version="1" release="1" arch="x86_64"/></collection></pkglist></update>`;
}

/** Files of a repository, from the root of the mirror. */
function repository(list: string, url: string, updates: string): [string, string | Buffer][] {
  const content = gzipSync(`<updates>${updates}</updates>`);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const folder = new URL(url).pathname.slice(1);
  const index = `<repomd><data type="updateinfo"><checksum type="sha256">${sha256}</checksum>
    <location href="repodata/updateinfo.xml.gz"/></data></repomd>`;
  return [
    [list, `${url}\n`],
    [`${folder}/repodata/repomd.xml`, index],
    [`${folder}/repodata/updateinfo.xml.gz`, content],
  ];
}

const coreFiles = (updates: string) => repository('2/core/latest/x86_64/mirror.list', core, updates);

describe('the source of Amazon Linux', () => {
  let folder: string;
  let server: TestHttpServer;
  let egress: Egress;
  let files: Map<string, string | Buffer>;
  let asked: string[];

  beforeAll(async () => {
    server = await startHttpServer((request, response) => {
      const path = (request.url ?? '').replace(/^\/mirror\//, '');
      asked.push(path);
      const body = files.get(path);
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    egress = new Egress({ allow: [] });
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'amazon-'));
    asked = [];
    files = new Map([
      ...coreFiles(update('ALAS2-2024-1', 'amazon-linux-2') + update('ALAS2-2024-2', 'amazon-linux-2')),
      ['2/extras-catalog.json', JSON.stringify({ topics: [{ n: 'docker' }, { n: 'gone' }, { n: '../up' }, {}] })],
      ...repository(
        '2/extras/docker/latest/x86_64/mirror.list',
        docker,
        update('ALAS2DOCKER-2024-1', 'amazon-linux-2---docker'),
      ),
    ]);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  afterAll(async () => {
    await egress.close();
    await server.stop();
  });

  const database = () => join(folder, 'advisories.db');

  async function run(work: (keeper: AdvisoryFileWriter, options: object) => Promise<void>) {
    const results: FeedResult[] = [];
    const failures: unknown[] = [];
    const silent = { downloading: () => undefined, reading: () => undefined, keptDeleted: () => undefined };
    const listener = {
      ...silent,
      rejected: (name: string, reason: string) => failures.push(`${name}: ${reason}`),
      done: (result: FeedResult) => results.push(result),
      failed: (_name: string, error: unknown) => failures.push((error as { code: string }).code),
    };
    using keeper = AdvisoryFileWriter.open(database());
    await work(keeper, { keeper, listener, acceptsRemovals: false });
    return { results, failures };
  }

  const sync = async () =>
    run(async (_keeper, options) =>
      syncAdvisories({
        ...(options as Parameters<typeof syncAdvisories>[0]),
        ...{ egress, ecosystems: null, folder: join(folder, 'downloads'), retryDelaysMs: [1] },
        places: placesOf({ amazon: `http://127.0.0.1:${server.port}/mirror` }),
        request: { allowPrivate: true },
      }),
    );

  function idsIn(): string[] {
    using file = AdvisoryFile.open(database());
    const found = file.candidates({ ecosystem: 'Amazon Linux', release: '2', names: ['a'] });
    return found.map(({ advisory }) => advisory.id).toSorted();
  }

  it('reads the repositories of the mirror, whose lists name another host', async () => {
    const { results, failures } = await sync();
    expect(failures).toEqual([]);
    expect(results).toMatchObject([{ name: 'Amazon Linux', state: 'read', records: 3, changed: 3 }]);
    expect(idsIn()).toEqual(['ALAS2-2024-1', 'ALAS2-2024-2', 'ALAS2DOCKER-2024-1']);
  });

  it('downloads advisories only if some repository has others', async () => {
    await sync();
    asked = [];
    expect((await sync()).results).toMatchObject([{ state: 'unchanged', records: 3 }]);
    expect(asked.filter((path) => path.endsWith('.gz'))).toEqual([]);
    for (const [path, content] of coreFiles(update('ALAS2-2024-1', 'amazon-linux-2'))) files.set(path, content);
    expect((await sync()).results).toMatchObject([{ state: 'read', records: 2, changed: 0, gone: 1 }]);
    expect(idsIn()).toEqual(['ALAS2-2024-1', 'ALAS2DOCKER-2024-1']);
  });

  it.each<[string, (all: Map<string, string | Buffer>) => void, string]>([
    ['has none of the repositories', (all) => all.clear(), 'FEED_MISSING'],
    ['has a list without a URL', (all) => all.set('2/core/latest/x86_64/mirror.list', '<html>'), 'FEED_INDEX'],
    ['has no catalog in JSON', (all) => all.set('2/extras-catalog.json', '<html>'), 'FEED_INDEX'],
    ['has no index', (all) => all.delete('2/core/2.0/x86_64/0123/repodata/repomd.xml'), 'FEED_MISSING'],
    [
      'has an index with a path upwards',
      (all) =>
        all.set(
          '2/core/2.0/x86_64/0123/repodata/repomd.xml',
          `<r><data type="updateinfo"><checksum type="sha256">${'0'.repeat(64)}</checksum><location href="a/../../b"/></data></r>`,
        ),
      'FEED_INDEX',
    ],
    [
      'has other advisories than its index names',
      (all) => all.set('2/core/2.0/x86_64/0123/repodata/updateinfo.xml.gz', gzipSync('<updates/>')),
      'FEED_DIGEST',
    ],
  ])('reports a mirror that %s', async (_fault, change, code) => {
    change(files);
    expect(await sync()).toEqual({ results: [], failures: [code] });
  });

  it('reads a folder with the files of the mirror', async () => {
    for (const [path, content] of files) {
      mkdirSync(dirname(join(folder, 'mirror', path)), { recursive: true });
      writeFileSync(join(folder, 'mirror', path), content);
    }
    for (const path of [join(folder, 'mirror'), folder]) {
      const sources = await advisorySources(path);
      const { failures } = await run(async (_keeper, options) =>
        importFiles(sources, options as Parameters<typeof importFiles>[1]),
      );
      expect(failures).toEqual([]);
      expect(idsIn()).toEqual(['ALAS2-2024-1', 'ALAS2-2024-2', 'ALAS2DOCKER-2024-1']);
    }
  });
});

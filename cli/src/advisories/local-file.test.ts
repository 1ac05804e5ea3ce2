import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Report } from '@tidewaiter/reports';
import {
  captureOutput,
  type CapturedOutput,
  startHttpServer,
  type TestHttpServer,
  zipArchive,
} from '@tidewaiter/testkit';
import { Command } from 'commander';

import { diffCommand } from '../diff/diff.js';
import { explainCommand } from '../explain/explain.js';
import { scanCommand } from '../scan/scan.js';
import { advisoriesCommand } from './advisories.js';

let folder: string;
let output: CapturedOutput;
let server: TestHttpServer;
const files = new Map<string, string | Buffer>();

const record = (id: string, fixed: string, modified = '2026-01-01T00:00:00Z') => ({
  id,
  modified,
  summary: `a hole that ${fixed} closes`,
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'hello' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
    },
  ],
});
const archiveOf = (...records: { id: string }[]) =>
  zipArchive(records.map((each) => ({ name: `${each.id}.json`, content: JSON.stringify(each) })));
const kevOf = (cveID: string) =>
  JSON.stringify({ dateReleased: '2026-01-01T00:00:00Z', vulnerabilities: [{ cveID, dateAdded: '2026-01-01' }] });
const epssOf = (cve: string, score: number) =>
  `#model_version:v1,score_date:2026-01-02T00:00:00+0000\ncve,epss,percentile\n${cve},${score},0.5\n`;
const sbom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  components: [
    { type: 'operating-system', name: 'debian', version: '12' },
    {
      type: 'library',
      name: 'hello',
      version: '2.10-3',
      purl: 'pkg:deb/debian/hello@2.10-3?arch=amd64&distro=debian-12',
    },
  ],
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-local-file-'));
  process.env['TIDEWAITER_HOME'] = folder;
  process.env['XDG_CACHE_HOME'] = folder;
  files.clear();
  files.set('/ecosystems.txt', 'Debian\nnpm\n');
  files.set(
    '/Debian/all.zip',
    archiveOf(record('DEBIAN-CVE-2026-1001', '2.11'), record('DEBIAN-CVE-2026-1002', '2.12')),
  );
  files.set('/kev.json', kevOf('CVE-2026-1002'));
  files.set('/epss.csv', epssOf('CVE-2026-1002', 0.75));
  server = await startHttpServer((request, response) => {
    const body = files.get(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await writeFile(join(folder, 'sbom.json'), JSON.stringify(sbom));
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  process.exitCode = undefined;
  delete process.env['XDG_CACHE_HOME'];
  delete process.env['TIDEWAITER_HOME'];
  await server.stop();
  await rm(folder, { recursive: true });
});

async function run(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride().configureOutput({ writeErr: () => undefined });
  for (const command of [advisoriesCommand, scanCommand, diffCommand, explainCommand]) command(program);
  await program.parseAsync(args, { from: 'user' });
}

const place = (path: string) => `http://127.0.0.1:${server.port}${path}`;
const sync = (...flags: string[]) => run('advisories', 'sync', '--url', place(''), ...flags);

async function scan(...flags: string[]) {
  output.stdout = '';
  await run('scan', `sbom:${join(folder, 'sbom.json')}`, '--kinds', 'vulnerability', '-o', 'json', ...flags);
  const { findings, warnings, stats } = JSON.parse(output.stdout);
  return {
    findings: findings.map(({ id, kev, kevLists, epss, fix }: Record<string, unknown>) => ({
      ...{ id, kev, epss, fix },
      ...(kevLists !== undefined && { kevLists }),
    })),
    warnings: warnings.map(({ code }: { code: string }) => code),
    asOf: stats.advisoriesAsOf,
  };
}

describe('local file', () => {
  it('is made by sync, and used by scan without being named', async () => {
    const startedAt = Date.now();
    expect((await scan()).warnings).toContain('ADVISORIES_MISSING');
    await sync('--kev-url', place('/kev.json'), '--epss-url', place('/epss.csv'));
    expect(process.exitCode).toBe(2);
    expect(output.stderr).toMatch(
      /^imported 2 records from Debian .*\nnpm: the server does not have it .*\[FEED_MISSING\]$/m,
    );
    expect(existsSync(join(folder, 'tidewaiter', 'advisories.db'))).toBe(true);
    const { findings, warnings, asOf } = await scan();
    // Exploited vulnerabilities come first.
    expect(findings).toEqual([
      { id: 'CVE-2026-1002', kev: true, kevLists: ['CISA'], epss: 0.75, fix: { state: 'fixed', version: '2.12' } },
      { id: 'CVE-2026-1001', kev: false, epss: null, fix: { state: 'fixed', version: '2.11' } },
    ]);
    // The scores are of an old day, whenever they were fetched.
    expect(warnings).toEqual(['EXPLOITATION_STALE']);
    expect(Date.parse(asOf)).toBeGreaterThanOrEqual(startedAt);

    output.stdout = '';
    await run('explain', 'CVE-2026-1002', `sbom:${join(folder, 'sbom.json')}`);
    expect(output.stdout).toMatch(/^ {2}exploited +known to CISA, EPSS 0\.75$/m);

    output.stdout = '';
    await run('advisories', 'status', '--verify', '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({
      store: join(folder, 'tidewaiter', 'advisories.db'),
      advisories: 2,
      ecosystems: [{ ecosystem: 'Debian', records: 2, packages: 2 }],
      feeds: [{ name: 'Debian', records: 2 }, { name: 'EPSS' }, { name: 'KEV', ageSeconds: expect.any(Number) }],
      kev: 1,
      epss: 1,
    });
  });

  it('is made by import as well, and is as old as what is in it', async () => {
    const osv = join(folder, 'osv');
    await mkdir(join(osv, 'Debian'), { recursive: true });
    for (const [name, content] of files) if (name !== '/ecosystems.txt') await writeFile(join(osv, name), content);
    const path = join(folder, 'elsewhere.db');
    await run('advisories', 'import', osv, '--advisories', path, '--quiet');
    expect(output.stderr).toBe('');
    const fromFile = await scan('--advisories', path);
    expect(fromFile).toMatchObject({
      asOf: '2026-01-01T00:00:00.000Z',
      warnings: ['ADVISORIES_STALE', 'EXPLOITATION_STALE', 'EXPLOITATION_STALE'],
    });
    expect((await scan('--advisories', path, '--max-advisory-age', '999999d')).warnings).toEqual([]);
    const named = await scan('--advisories', path, '--max-advisory-age', 'Debian=999999d,999999d,KEV=1d');
    expect(named.warnings).toEqual(['EXPLOITATION_STALE']);
    // The folder itself gives the same findings.
    expect((await scan('--advisories', osv)).findings).toEqual(fromFile.findings);
    expect(fromFile.findings[0]).toMatchObject({ id: 'CVE-2026-1002', kev: true, epss: 0.75 });
  });

  it('has ends of support for images and Dockerfiles, which precede the built-in ones', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const file = {
      date: day,
      products: {
        debian: { title: 'Debian', releases: [{ cycle: '12', securitySupportEnds: '2026-01-31' }] },
        python: { title: 'Python', releases: [{ cycle: '3.14', securitySupportEnds: true }] },
      },
    };
    await writeFile(join(folder, 'products.json'), JSON.stringify(file));
    await writeFile(join(folder, 'Dockerfile'), 'FROM python:3.14-slim\n');
    const path = join(folder, 'ends.db');
    const titles = async (target: string, ...flags: string[]) => {
      output.stdout = '';
      await run('scan', target, '-o', 'json', '--quiet', ...flags);
      const { findings, stats } = JSON.parse(output.stdout) as Report;
      const ended = findings.filter(({ id }) => id.includes('end-of-life'));
      return [...ended.map(({ title }) => title), ...stats.advisorySources.map(({ source }) => source)];
    };
    await run('advisories', 'import', join(folder, 'products.json'), '--advisories', path, '--quiet');
    expect(output.stderr).toBe('');
    for (const data of [path, join(folder, 'products.json')]) {
      expect(await titles(`sbom:${join(folder, 'sbom.json')}`, '--advisories', data)).toEqual([
        'Debian 12 is end of life since 2026-01-31',
        'End of life',
      ]);
      expect(await titles(`dockerfile:${join(folder, 'Dockerfile')}`, '--advisories', data)).toEqual([
        'stage 0 is built on python:3.14-slim: Python 3.14 is end of life',
        'End of life',
      ]);
    }
    // Without that file the built-in dates say that it is supported.
    expect(await titles(`dockerfile:${join(folder, 'Dockerfile')}`, '--offline')).toEqual([]);
  });

  it('warns about ends of support that are old', async () => {
    const products = { debian: { title: 'Debian', releases: [{ cycle: '12', securitySupportEnds: false }] } };
    await writeFile(join(folder, 'products.json'), JSON.stringify({ date: '2026-01-01', products }));
    const path = join(folder, 'ends.db');
    await run('advisories', 'import', join(folder, 'products.json'), '--advisories', path, '--quiet');
    expect((await scan('--advisories', path)).warnings).toContain('END_OF_LIFE_STALE');
    const limits = ['--max-advisory-age', 'End of life=99999d'];
    expect((await scan('--advisories', path, ...limits)).warnings).not.toContain('END_OF_LIFE_STALE');
  });

  it('is not made where a path is mistyped', async () => {
    await expect(run('advisories', 'import', join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'ADVISORIES_MISSING',
    });
    expect(existsSync(join(folder, 'tidewaiter'))).toBe(false);
  });

  it('asks only the places that are named', async () => {
    await run('advisories', 'sync', '--kev-url', place('/kev.json'), '--cache-dir', folder);
    expect(output.stderr).toMatch(/^imported 1 records from KEV .*\n$/);
    await run('advisories', 'status', '--cache-dir', folder);
    expect(output.stdout).toMatch(
      /^advisories +0 {2}in \S+\nexploited \(KEV\) +1 {2}as of .*\nscores \(EPSS\) +0\nproducts \(end of life\) +0\n$/,
    );
  });

  it('that is damaged is no clean result', async () => {
    const path = join(folder, 'broken.db');
    await sync('--advisories', path, '--ecosystems', 'Debian');
    await writeFile(path, 'SQLite format 3');
    await expect(scan('--advisories', path)).rejects.toMatchObject({ code: 'ADVISORIES_DAMAGED' });
    await expect(sync('--advisories', path)).rejects.toMatchObject({ code: 'ADVISORIES_DAMAGED' });
  });

  it.each([
    ['a place that is no URL', ['sync', '--url', 'bucket']],
    ['a file', ['sync', '--url', 'file:///etc/passwd']],
    ['names that leave the bucket', ['sync', '--ecosystems', '../npm']],
  ])('refuses %s', async (_, args) => {
    await expect(run('advisories', ...args)).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  type CapturedOutput,
  captureOutput,
  describeWith,
  sharedData,
  throwAwayServers,
  type ThrowAwayServers,
} from '@tidewaiter/testkit';
import { Command } from 'commander';

import { advisoriesCommand } from './advisories.js';

/**
 * One record about `hello` of Debian 12, and `bad.json`, which is `{`; made with Python's zipfile.
 */
const archive = Buffer.from(
  `
  UEsDBBQAAAAIAAAAISi4oj50pwAAAOMAAAAZAAAAREVCSUFOLUNWRS0yMDk5LTAwMDEuanNvbi2OMQ+CMBCF/wq52ZoWJ9gUOzio
  A8REjUMtBzZCS6AaCeG/Swu5t9zdd+/eACqHOIA93x22J5JcOAlpFBFKKYNVALXJVaHQM/OCTcoojb1ujhFFgdJ65j5AI+RblDg1
  A6A0Xd9ZrP0LfCqhYxa6Gy1qh8ALq8rAOE1aoUvsZg/bN37Lk3N6TTN+dCf4RW0XQGnbmvwj52DUGQxQqN8SdM0o2cD48PUHUEsD
  BBQAAAAIAAAAISg5R9UVAwAAAAEAAAAIAAAAYmFkLmpzb26rBgBQSwECFAMUAAAACAAAACEouKI+dKcAAADjAAAAGQAAAAAAAAAA
  AAAAgAEAAAAAREVCSUFOLUNWRS0yMDk5LTAwMDEuanNvblBLAQIUAxQAAAAIAAAAISg5R9UVAwAAAAEAAAAIAAAAAAAAAAAAAACA
  Ad4AAABiYWQuanNvblBLBQYAAAAAAgACAH0AAAAHAQAAAAA=
`,
  'base64',
);
const alpine = sharedData('advisories/osv/Alpine');

let servers: ThrowAwayServers<{ postgres: true }>;
let folder: string;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  process.env['TIDEWAITER_DATABASE_URL'] = await servers.postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-advisories-'));
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  process.exitCode = undefined;
  delete process.env['TIDEWAITER_DATABASE_URL'];
  await rm(folder, { recursive: true });
});

afterAll(async () => servers.stop());

async function advisories(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  advisoriesCommand(program);
  await program.parseAsync(['advisories', ...args], { from: 'user' });
}

const record = (id: string, modified = '2099-01-01T00:00:00Z') => ({
  id,
  modified,
  affected: [{ package: { ecosystem: 'Alpine:v3.20', name: 'hello' }, versions: ['1.0-r0'] }],
});

describe('advisoriesCommand', () => {
  it('imports a folder like the OSV bucket, counts and names what is broken', async () => {
    await mkdir(join(folder, 'Debian'));
    await writeFile(join(folder, 'Debian', 'all.zip'), archive);
    await advisories('import', folder);
    expect(output.stderr).toMatch(
      /^rejected bad\.json: .*\nimported 1 records from Debian \(1 changed, 1 rejected\) in \d+\.\d s\n$/,
    );
    expect(output.stdout).toBe('');
    expect(process.exitCode).toBeUndefined();

    await advisories('status', '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({
      advisories: 1,
      ecosystems: [{ ecosystem: 'Debian', packages: 1 }],
      lastImport: { source: 'Debian', records: 1, changed: 1, rejected: 1 },
    });
  });

  it('imports a folder of records, and again only what has changed', async () => {
    await writeFile(join(folder, 'a.json'), JSON.stringify(record('ALPINE-CVE-2099-1')));
    await writeFile(join(folder, 'b.json'), JSON.stringify(record('ALPINE-CVE-2099-2')));
    await writeFile(join(folder, 'c.json'), JSON.stringify({ id: 'no record' }));
    await advisories('import', '--quiet', folder);
    expect(output.stderr).toMatch(/^rejected c\.json: not an OSV record.*\n$/);
    await writeFile(join(folder, 'a.json'), JSON.stringify(record('ALPINE-CVE-2099-1', '2099-02-01T00:00:00Z')));
    await advisories('import', folder);
    expect(output.stderr).toContain('imported 2 records from');
    expect(output.stderr).toContain('(1 changed, 1 rejected)');
    await advisories('status');
    expect(output.stdout).toMatch(
      /^advisories +2 {2}in database\n {2}Alpine +2\n {2}from \S+ +2 {2}as of \S+Z, today\n/,
    );
  });

  it('names ten broken records, none of which can write to the terminal, and counts the others', async () => {
    for (let index = 0; index < 12; index++) await writeFile(join(folder, `\x1b[2J${index}.json`), '{');
    await advisories('import', folder);
    expect(output.stderr.match(/rejected \uFFFD\[2J\d+\.json: not JSON/g)).toHaveLength(10);
    expect(output.stderr).toContain('all of its 12 records were rejected');
    expect(output.stderr).not.toContain('\x1b');
  });

  it('fails where every record is rejected, and leaves the dates of the data as they were', async () => {
    await writeFile(join(folder, 'a.json'), JSON.stringify(record('ALPINE-CVE-2099-1')));
    await advisories('import', '--quiet', join(folder, 'a.json'));
    const statusText = async () => {
      const before = output.stdout.length;
      await advisories('status', '-o', 'json');
      return JSON.parse(output.stdout.slice(before)) as { feeds: { checkedAt: string }[]; lastImport: unknown };
    };
    const { feeds, lastImport } = await statusText();
    await writeFile(join(folder, 'a.json'), '{}');
    await advisories('import', join(folder, 'a.json'));
    expect(output.stderr).toMatch(/its only record was rejected \[ADVISORIES_REJECTED\]/);
    expect(process.exitCode).toBe(2);
    const after = await statusText();
    expect(after.feeds.map(({ checkedAt }) => checkedAt)).toEqual(feeds.map(({ checkedAt }) => checkedAt));
    expect(after.lastImport).toEqual(lastImport);
  });

  it('knows the catalog of exploited vulnerabilities by its content', async () => {
    const vulnerabilities = [{ cveID: 'CVE-2099-0001', dateAdded: '2099-01-01' }];
    const catalog = { title: 'CISA', catalogVersion: '1', dateReleased: '2099-01-01T00:00:00Z', vulnerabilities };
    await writeFile(join(folder, 'exploited-2099.json'), JSON.stringify(catalog));
    await writeFile(join(folder, 'a.json'), JSON.stringify(record('ALPINE-CVE-2099-1')));
    await advisories('import', folder);
    expect(output.stderr).toMatch(/imported 1 records from KEV /);
    expect(output.stderr).not.toContain('rejected exploited');
  });

  it('says that an archive is broken, imports the others, and fails', async () => {
    const [broken, whole] = [join(folder, 'broken.zip'), join(folder, 'whole.zip')];
    await writeFile(broken, archive.subarray(0, 100));
    await writeFile(whole, archive);
    await advisories('import', broken, whole);
    expect(output.stderr).toMatch(/^broken\.zip: cannot be read/);
    expect(output.stderr).toContain('imported 1 records from whole.zip');
    expect(process.exitCode).toBe(2);
  });

  it.each([
    ['a path that is not there', async () => advisories('import', join(folder, 'nowhere')), 'ADVISORIES_MISSING'],
    ['a folder with nothing in it', async () => advisories('import', folder), 'ADVISORIES_MISSING'],
    ['no path', async () => advisories('import'), 'commander.missingArgument'],
  ])('refuses %s', async (_, run, code) => {
    await expect(run()).rejects.toMatchObject({ code });
  });

  it('says that PostgreSQL cannot be reached, and never with which password', async () => {
    process.env['TIDEWAITER_DATABASE_URL'] = 'postgres://tidewaiter:hush@127.0.0.1:1/none';
    const failing = advisories('status');
    await expect(failing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(failing).rejects.not.toThrow(/hush/);
  });

  describeWith(alpine)('the real records', () => {
    it('are imported whole', async () => {
      await advisories('import', alpine.path);
      expect(output.stderr).toMatch(/^imported 2,441 records from Alpine \(2,441 changed, 0 rejected\) in/);
    });
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AdvisoryFile } from '@tidewaiter/advisory-file';
import { Secret } from '@tidewaiter/domain';
import { connect, Store } from '@tidewaiter/store';
import {
  type CapturedOutput,
  captureOutput,
  cosign,
  cosignKey,
  cosignSign,
  describeWith,
  programs,
  startRegistry,
  type TestRegistry,
  throwAwayServers,
  type ThrowAwayServers,
} from '@tidewaiter/testkit';
import { Command } from 'commander';

import { createProgram } from '../program.js';
import { advisoriesCommand } from './advisories.js';

const page = readFileSync(join(__dirname, '../../../docs/advisories.md'), 'utf8');

describeWith(programs('docker-registry', 'cosign'))('an artifact of advisories', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let registry: TestRegistry;
  let inside: TestRegistry;
  let folder: string;
  let output: CapturedOutput;
  const variables = [
    'TIDEWAITER_DATABASE_URL',
    'TIDEWAITER_ADVISORIES_FROM',
    'TIDEWAITER_ADVISORIES_KEY',
    'XDG_CACHE_HOME',
  ];
  const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));

  beforeAll(async () => {
    [servers, registry, inside] = await Promise.all([
      throwAwayServers({ postgres: true }),
      startRegistry(),
      startRegistry(),
    ]);
  }, 60_000);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidewaiter-artifact-'));
    process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
    process.env['TIDEWAITER_HOME'] = folder;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(at('advisories.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await writeFile(at('advisories.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    output = captureOutput();
  });

  afterEach(async () => {
    output.restore();
    process.exitCode = undefined;
    for (const name of variables) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    delete process.env['TIDEWAITER_HOME'];
    await rm(folder, { recursive: true });
  });

  afterAll(async () => {
    await Promise.all([servers.stop(), registry.stop(), inside.stop()]);
  }, 30_000);

  async function run(...args: string[]): Promise<void> {
    const program = new Command('tidewaiter').exitOverride();
    advisoriesCommand(program);
    await program.parseAsync(['advisories', ...args], { from: 'user' });
  }

  const at = (name: string) => join(folder, name);

  /** Imports records into the file that is built from, the later ones with a later time. */
  async function import_(day: number, ids: readonly string[], version = '1.0.0'): Promise<void> {
    const records = at(`records-${day}`);
    await mkdir(records);
    for (const id of ids) {
      const affected = [{ package: { ecosystem: 'npm', name: `package-${id.toLowerCase()}` }, versions: [version] }];
      const modified = `2026-01-0${day}T00:00:00Z`;
      await writeFile(join(records, `${id}.json`), JSON.stringify({ id, modified, published: modified, affected }));
    }
    await run('import', '--quiet', '--advisories', at('source.db'), records);
  }

  const push = async (place: string, ...flags: string[]) =>
    run('push', place, '--quiet', '--advisories', at('source.db'), ...flags);
  const signed = () => ['--signing-key', at('advisories.pem')];
  const place = () => `oci://${registry.host}/security/advisories`;
  const sync = async (...flags: string[]) => run('sync', '--from', place(), '--key', at('advisories.pub'), ...flags);

  it('reaches a site without a network by the three commands of the documentation', async () => {
    await import_(1, ['A-2026-1', 'A-2026-2']);
    await push(place(), ...signed());
    const [, section = ''] = page.split('### Without a network');
    const [, block = ''] = /```sh\n([^`]*)```/.exec(section) ?? [];
    const commands = block.trim().split('\n');
    expect(commands).toHaveLength(3);
    process.env['TIDEWAITER_DATABASE_URL'] = '';
    for (const command of commands) {
      const line = command
        .replace('./tidewaiter advisories ', '')
        .replaceAll('registry.example.com', registry.host)
        .replaceAll('registry.internal', inside.host)
        .replaceAll('usb/advisories', at('usb'))
        .replaceAll('advisories.pub', at('advisories.pub'));
      await run(...line.split(' '), '--quiet', ...(line.startsWith('sync') ? ['--cache-dir', at('machine')] : []));
    }
    await run('status', '-o', 'json', '--verify', '--advisories', at('machine/advisories.db'));
    expect(JSON.parse(output.stdout)).toMatchObject({ advisories: 2 });
    expect((await readdir(at('machine'))).filter((name) => name.includes('.part'))).toEqual([]);
  }, 60_000);

  it('has a signature that cosign verifies, and takes one that cosign made', async () => {
    await import_(2, ['A-2026-1']);
    await push(place(), ...signed());
    const image = `${registry.host}/security/advisories:latest`;
    const flags = ['--key', 'advisories.pub', '--insecure-ignore-tlog=true', '--allow-http-registry'];
    expect(await cosign(folder, 'verify', ...flags, image)).toContain('cosign container image signature');
    const other = `oci://${registry.host}/security/unsigned`;
    await push(other);
    const file = ['--advisories', at('taken.db'), '--quiet'];
    const key = await cosignKey(folder, 'cosigned');
    const taken = run('sync', '--from', other, '--key', at('cosigned.pub'), ...file);
    await expect(taken).rejects.toMatchObject({ code: 'ARTIFACT_UNSIGNED' });
    const { digest } = (await fetch(`http://${registry.host}/v2/security/unsigned/manifests/latest`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    }).then((answer) => ({ digest: answer.headers.get('docker-content-digest') }))) as { digest: string };
    await cosignSign(folder, key, `${registry.host}/security/unsigned@${digest}`);
    await run('sync', '--from', other, '--key', at('cosigned.pub'), ...file);
    await run('status', '-o', 'json', '--advisories', at('taken.db'));
    expect(JSON.parse(output.stdout)).toMatchObject({ advisories: 1 });
  }, 60_000);

  it('fills the database of the platform, with events only about what changed', async () => {
    const url = await servers.postgres.createDatabase();
    process.env['TIDEWAITER_DATABASE_URL'] = url;
    const dataSource = await connect({ url: new Secret(url), poolSize: 1, name: 'test' });
    const store = new Store(dataSource, 'test');
    const changes = async () => {
      const rows = await store.query<{ data: { packages: { name: string }[] } }>(
        `SELECT data FROM outbox WHERE type LIKE '%advisory.changed%' ORDER BY id`,
      );
      await store.query('DELETE FROM outbox');
      return rows.flatMap(({ data }) => data.packages.map(({ name }) => name));
    };
    try {
      // Names are for packages that were matched before.
      await store.query(
        `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, matched_by)
         VALUES ('pkg:npm/a@1', 'npm', 'a', '1', 'a', '1', '{}', 1)`,
      );
      await import_(3, ['B-2026-1', 'B-2026-2', 'B-2026-3']);
      await push(place(), ...signed());
      await sync('--database', '--quiet');
      expect((await changes()).toSorted()).toEqual(['package-b-2026-1', 'package-b-2026-2', 'package-b-2026-3']);
      expect(await store.query('SELECT count(*)::int AS count FROM advisory')).toEqual([{ count: 3 }]);
      await import_(4, ['B-2026-2', 'B-2026-4'], '2.0.0');
      await push(place(), ...signed());
      await sync('--database', '--quiet');
      expect((await changes()).toSorted()).toEqual(['package-b-2026-2', 'package-b-2026-4']);
      const versions = await store.query(
        `SELECT affected ->> 'versions' AS versions FROM advisory_package WHERE advisory_id = 'B-2026-2'`,
      );
      expect(versions).toEqual([{ versions: '["2.0.0"]' }]);
      await sync('--database', '--quiet');
      expect(await changes()).toEqual([]);
    } finally {
      await dataSource.destroy();
    }
  }, 90_000);

  it('is fetched by a scan on a machine without advisories, unless it is offline', async () => {
    await import_(5, ['C-2026-1']);
    await push(place(), ...signed());
    await writeFile(at('sbom.json'), JSON.stringify(sbom));
    process.env['TIDEWAITER_ADVISORIES_FROM'] = place();
    process.env['TIDEWAITER_ADVISORIES_KEY'] = readFileSync(at('advisories.pub'), 'utf8');
    const scan = async (...flags: string[]) => {
      const program = (await createProgram()).exitOverride();
      await program.parseAsync(['scan', `sbom:${at('sbom.json')}`, '-o', 'json', ...flags], { from: 'user' });
      const text = output.stdout;
      output.restore();
      output = captureOutput();
      return text;
    };
    expect(await scan('--offline')).not.toContain('C-2026-1');
    expect(await scan()).toContain('C-2026-1');
    expect(await scan('--offline')).toContain('C-2026-1');
  }, 60_000);

  it('is built from its sources in one step, and not without one that fails', async () => {
    const vulnerabilities = [{ cveID: 'CVE-2026-1000', dateAdded: '2026-01-01' }];
    const catalog = { dateReleased: '2026-01-02T00:00:00Z', vulnerabilities };
    const server = createServer((_, answer) => answer.end(JSON.stringify(catalog))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const source = `kev=http://127.0.0.1:${port}/kev.json`;
    const build = async () =>
      run('build', '--advisories', at('own.db'), '--out', at('out'), '--source', source, ...signed());
    try {
      await build();
      expect(output.stderr).toMatch(/sha256:\w+: 0 advisories/);
      await run('sync', '--from', at('out'), '--key', at('advisories.pub'), '--advisories', at('taken.db'), '--quiet');
      using taken = AdvisoryFile.open(at('taken.db'));
      expect(taken.kev('CISA')).toEqual([{ cve: 'CVE-2026-1000', addedOn: '2026-01-01' }]);
    } finally {
      await new Promise((closed) => server.close(closed));
    }
    await rm(at('out'), { recursive: true });
    await build();
    expect(output.stderr).toContain('nothing built, for want of KEV');
    expect([process.exitCode, existsSync(at('out'))]).toEqual([2, false]);
  }, 60_000);

  it('says in one line why it cannot be had', async () => {
    await import_(6, ['D-2026-1']);
    const away = run('sync', '--from', 'oci://127.0.0.1:9/none', '--allow-unsigned', '--advisories', at('none.db'));
    await expect(away).rejects.toMatchObject({
      code: 'EGRESS_UNREACHABLE',
      message: expect.not.stringContaining('\n') as string,
    });
    const none = run(
      'sync',
      '--from',
      `oci://${registry.host}/none`,
      '--allow-unsigned',
      '--advisories',
      at('none.db'),
    );
    await expect(none).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    const keyless = run('sync', '--from', place(), '--advisories', at('none.db'));
    await expect(keyless).rejects.toMatchObject({ code: 'ARTIFACT_SIGNERS' });
    await expect(run('push', 'registry/x')).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  });
});

const sbom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  components: [{ type: 'library', name: 'package-c-2026-1', version: '1.0.0', purl: 'pkg:npm/package-c-2026-1@1.0.0' }],
};

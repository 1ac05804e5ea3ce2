import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { ability, describeWith } from '@tidewaiter/testkit';

import { removeFolders, runIn, temporaryFolder } from './tidewaiter.js';

const run = promisify(execFile);
const root = resolve(__dirname, '..');
const limitBytes = 120e6;

interface Layout {
  digest: string;
  folder: string;
}

async function build(...args: string[]): Promise<Layout> {
  const folder = join(temporaryFolder(), 'image');
  // The commit may change beside the test.
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1700000000' };
  const { stdout } = await run(process.execPath, [join(root, 'tools/build-image.mjs'), '--out', folder, ...args], {
    cwd: root,
    env,
  });
  return { folder, digest: stdout.split(' ')[0]! };
}

/** Whether apt can bring a package: from its archive, or from the folder of an earlier build. */
function hasArchive(): boolean {
  const folder = temporaryFolder();
  try {
    execFileSync('apt-get', ['download', '--quiet', 'dash'], { cwd: folder, stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

describeWith(ability("Debian's archive", hasArchive()))('npm run image', () => {
  let image: Layout;

  beforeAll(async () => {
    // Builds the program if it is older than its sources.
    await runIn(temporaryFolder(), '--version');
    image = await build('--name', 'localhost/tidewaiter:test');
  }, 600_000);

  afterAll(removeFolders);

  const blob = (digest: string) => join(image.folder, 'blobs', digest.replace(':', '/'));
  const manifest = () =>
    JSON.parse(readFileSync(blob(image.digest), 'utf8')) as {
      config: { digest: string };
      layers: { digest: string; size: number }[];
    };

  it('makes a small image that runs as an ordinary user', () => {
    const { config, layers } = manifest();
    expect(layers.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(limitBytes);
    expect(JSON.parse(readFileSync(blob(config.digest), 'utf8'))).toMatchObject({
      os: 'linux',
      config: { User: '1000:1000', Entrypoint: ['node', '/app/cli/dist/bundle/main.js'] },
    });
  });

  it('gives the same digest again', async () => {
    expect((await build('--name', 'localhost/tidewaiter:test')).digest).toBe(image.digest);
  }, 600_000);

  it('has nothing to be found: no secret, no foreign file, no misconfiguration', async () => {
    const { stdout } = await runIn(temporaryFolder(), 'scan', `oci:${image.folder}:test`, '--offline', '-o', 'json');
    const { findings, packages } = JSON.parse(stdout) as Report;
    interface Report {
      findings: { id: string; kind: string; severity: string }[];
      packages: { purl: string }[];
    }
    // Vulnerabilities depend on the advisories of this machine.
    expect(findings.filter(({ kind }) => kind !== 'vulnerability')).toEqual([]);
    const purls = packages.map(({ purl }) => purl);
    for (const name of ['libc6', 'libstdc++6', 'dash', 'util-linux'])
      expect(purls.some((purl) => decodeURIComponent(purl).startsWith(`pkg:deb/debian/${name}@`))).toBe(true);
    // Their code is in the bundle.
    for (const name of ['fastify', 'typeorm', 'undici', 'zod'])
      expect(purls.some((purl) => purl.startsWith(`pkg:npm/${name}@`))).toBe(true);
  });

  it('holds a program that starts with nothing but what the image has', async () => {
    const rootfs = temporaryFolder();
    for (const { digest } of manifest().layers) await run('tar', ['-xzf', blob(digest), '-C', rootfs]);
    const find = ['usr/lib', '-type', 'f', '-name', 'ld-linux-*'];
    const loader = join(rootfs, execFileSync('find', find, { cwd: rootfs, encoding: 'utf8' }).trim());
    const libraries = join(rootfs, 'usr/lib', `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`);
    const program = [join(rootfs, 'usr/local/bin/node'), join(rootfs, 'app/cli/dist/bundle/main.js')];
    const home = temporaryFolder();
    const start = async (...args: string[]) =>
      run(loader, ['--inhibit-cache', '--library-path', libraries, ...program, ...args], {
        env: { TIDEWAITER_HOME: home, NODE_PATH: '' },
      });
    expect((await start('--version')).stdout).toMatch(/^\d+\.\d+\.\d+/);
    // Loads the services with all their packages, up to their configuration.
    for (const service of ['ingest', 'scanner', 'detector', 'notifier', 'console'])
      await expect(start('service', service)).rejects.toThrow('is required');
    expect(existsSync(join(rootfs, 'app/node_modules/fastify/LICENSE'))).toBe(true);
    expect(existsSync(join(rootfs, 'app/node_modules/fastify/fastify.js'))).toBe(false);
    rmSync(rootfs, { recursive: true });
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { buildImage } from '@tidewaiter/testkit';

const main = resolve(__dirname, '../dist/main.js');
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loaded-modules-'));
  const hook = `require('node:module').registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:')) require('node:fs').appendFileSync(process.env.LOADED, url + '\\n');
      return next(url, context);
    },
  });`;
  writeFileSync(join(folder, 'hook.cjs'), hook);
  const status = 'Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n';
  await buildImage(join(folder, 'image'), { layers: [[{ path: 'var/lib/dpkg/status', content: status }]] });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Names of the packages whose modules a command loads, and how many modules these are. */
function loadedBy(...args: string[]): { count: number; packages: Set<string> } {
  const loaded = join(folder, `${args[0]}.txt`);
  const env = { ...process.env, LOADED: loaded, XDG_CACHE_HOME: folder, XDG_CONFIG_HOME: folder };
  const { status, stderr } = spawnSync(process.execPath, ['--require', join(folder, 'hook.cjs'), main, ...args], {
    env,
  });
  expect({ status, stderr: stderr.toString() }).toMatchObject({ status: 0 });
  const urls = readFileSync(loaded, 'utf8').trim().split('\n');
  const packages = urls.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)|\/(libs\/[^/]+)\//.exec(url));
  return { count: urls.length, packages: new Set(packages.flatMap((found) => found?.[1] ?? found?.[2] ?? [])) };
}

/** Packages for services or downloads, which no command on a local image may load. */
const ofServices = [
  '@nestjs/core',
  'rxjs',
  'undici',
  'fastify',
  '@opentelemetry/api',
  'typeorm',
  'libs/runtime',
  'libs/store',
];

describe('the modules that a command loads', () => {
  it('are few for --version', () => {
    const { count, packages } = loadedBy('--version');
    expect([...packages].toSorted()).toEqual(['commander', 'libs/domain']);
    expect(count).toBeLessThan(40);
  });

  it('hold nothing of the services for scan', () => {
    const { count, packages } = loadedBy('scan', `oci:${join(folder, 'image')}`, '--quiet');
    expect([...packages].filter((name) => ofServices.includes(name))).toEqual([]);
    expect(packages).toContain('libs/analyzers');
    expect(count).toBeLessThan(760);
  });
});

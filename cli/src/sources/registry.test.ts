import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildImage, startHttpServer, tarArchive, testAuthority } from '@tidewaiter/testkit';

import { ScanProgress } from '../target/progress.js';
import { readImage } from '../target/read-image.js';
import { openSource } from './sources.js';

jest.setTimeout(60_000);

const variables = ['XDG_CONFIG_HOME', 'DOCKER_CONFIG', 'CONTAINERS_REGISTRIES_CONF'] as const;
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));

let folder: string;
let digest: string;
const closers: (() => Promise<unknown>)[] = [];

/** Incompressible, so that its layer is too large to be held back until it is checked. */
function noise(bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 64) }, (_, at) =>
    createHash('sha512').update(`${at}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-registry-source-'));
  process.env['XDG_CONFIG_HOME'] = folder;
  process.env['DOCKER_CONFIG'] = folder;
  process.env['CONTAINERS_REGISTRIES_CONF'] = join(folder, 'registries.conf');
  writeFileSync(join(folder, 'registries.conf'), '');
  const layers = [
    [
      { path: 'lib/apk/db/installed', content: 'P:musl\nV:1.2.5-r0\nA:x86_64\n' },
      { path: 'noise', content: noise(5_000_000) },
    ],
  ];
  ({ digest } = await buildImage(join(folder, 'image'), { layers, tag: '1' }));
});

afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await Promise.all(closers.splice(0).map((close) => close()));
  rmSync(folder, { recursive: true, force: true });
});

interface Host {
  name: string;
  paths: string[];
}

async function start(answer: RequestListener, tls?: Parameters<typeof startHttpServer>[1]): Promise<Host> {
  const paths: string[] = [];
  const { port, stop } = await startHttpServer((request, response) => {
    paths.push(request.url ?? '');
    answer(request, response);
  }, tls);
  closers.push(stop);
  return { name: `127.0.0.1:${port}`, paths };
}

/** A registry that has the image under every name. */
const give: RequestListener = (request, response) => {
  const reference = request.url?.split('/').at(-1) ?? '';
  const wanted = reference === '1' ? digest : reference;
  response.end(readFileSync(join(folder, 'image/blobs', wanted.replace(':', '/'))));
};

/** One that has other layers than their digests say, in another way each. */
const lie =
  (content: (length: number) => Buffer): RequestListener =>
  (request, response) => {
    const path = join(folder, 'image/blobs', (request.url?.split('/').at(-1) ?? '').replace(':', '/'));
    const bytes = readFileSync(path);
    response.end(bytes.length > 1_000_000 ? content(bytes.length) : bytes);
  };

function configure(origin: Host, ...mirrors: Host[]): void {
  const tables = mirrors.map(({ name }) => `[[registry.mirror]]\nlocation = "${name}/copies"\n`);
  writeFileSync(join(folder, 'registries.conf'), `[[registry]]\nlocation = "${origin.name}"\n${tables.join('')}`);
}

async function packagesOf(target: string): Promise<string[]> {
  const signal = AbortSignal.timeout(60_000);
  const source = await openSource(target, { isInsecure: false, isOffline: false, signal });
  try {
    const { layers } = await readImage(
      { source, cacheDir: join(folder, 'cache'), progress: new ScanProgress(target, 1, true), signal },
      {},
    );
    return layers.flatMap(({ facts }) =>
      facts.files.flatMap(({ packages }) => (packages ?? []).map(({ name }) => name)),
    );
  } finally {
    await source.close();
  }
}

describe('registry', () => {
  it('reads by way of the mirrors of registries.conf', async () => {
    const [origin, copy] = [await start(give), await start(give)];
    configure(origin, copy);
    expect(await packagesOf(`${origin.name}/shop/app:1`)).toEqual(['musl']);
    expect(copy.paths).toHaveLength(3);
    expect(copy.paths[0]).toBe('/v2/copies/shop/app/manifests/1');
    expect(origin.paths).toEqual([]);
  });

  it.each([
    ['no archive', (length: number) => Buffer.alloc(length, 'x')],
    ['another archive', (length: number) => tarArchive([{ path: 'fake', content: Buffer.alloc(length - 2_000) }])],
  ])(
    'does not let a mirror say what an image holds that gives %s',
    async (_, content) => {
      const [origin, liar] = [
        await start(give),
        await start((request, response) => {
          if (request.url?.endsWith('/1')) response.writeHead(404).end();
          else lie(content)(request, response);
        }),
      ];
      configure(origin, liar);
      expect(await packagesOf(`${origin.name}/shop/app:1`)).toEqual(['musl']);
    },
    30_000,
  );

  it('trusts the authority in certs.d, for that host alone, and shows it our certificate', async () => {
    const strict = { ...testAuthority.server, ca: testAuthority.ca, requestCert: true };
    const [origin, other] = [await start(give, strict), await start(give, strict)];
    const certificates = join(folder, 'containers/certs.d', origin.name);
    mkdirSync(certificates, { recursive: true });
    writeFileSync(join(certificates, 'ca.crt'), testAuthority.ca);
    writeFileSync(join(certificates, 'client.cert'), testAuthority.client.certificate);
    writeFileSync(join(certificates, 'client.key'), testAuthority.client.key);
    expect(await packagesOf(`${origin.name}/shop/app:1`)).toEqual(['musl']);
    await expect(packagesOf(`${other.name}/shop/app:1`)).rejects.toMatchObject({ code: 'EGRESS_UNTRUSTED' });
  });

  it('does not ask a registry that is blocked', async () => {
    const origin = await start(give);
    writeFileSync(join(folder, 'registries.conf'), `[[registry]]\nlocation = "${origin.name}"\nblocked = true\n`);
    await expect(packagesOf(`${origin.name}/shop/app:1`)).rejects.toMatchObject({ code: 'REGISTRY_BLOCKED' });
    expect(origin.paths).toEqual([]);
  });

  it('refuses a configuration that leaves nothing of a name', async () => {
    const origin = await start(give);
    const table = `[[registry]]\nprefix = "${origin.name}/shop/app"\nlocation = "${origin.name}"\n`;
    writeFileSync(join(folder, 'registries.conf'), table);
    await expect(packagesOf(`${origin.name}/shop/app:1`)).rejects.toMatchObject({ code: 'REGISTRIES_CONF' });
  });
});

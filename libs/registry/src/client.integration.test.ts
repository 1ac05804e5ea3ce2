import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/runtime';

import { RegistryClient } from './client.js';

const programs = ['/usr/bin/docker-registry', '/usr/bin/skopeo'];
const suite = programs.every((program) => existsSync(program)) ? describe : describe.skip;

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
// robot:s3cret, hashed with bcrypt at cost 4 for this test.
const htpasswd = 'robot:$2b$04$YqZvTVmPSaUX1rTUHURtTu7CHO8aVLADoWz3uV4jy5a3gL.axAfXC\n';

suite('a real registry (needs docker-registry and skopeo)', () => {
  const tar = Buffer.alloc(300_000, 'not really a tar');
  const layer = gzipSync(tar);
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: {},
      rootfs: { type: 'layers', diff_ids: [sha256(tar)] },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: sha256(layer), size: layer.length }],
    }),
  );
  const egress = new Egress({ allow: [] });
  let folder: string;
  let url: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'registry-client-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    stop = await startRegistry(folder, port);
    const layout = await writeLayout(folder, manifest, [config, layer]);
    const target = `docker://127.0.0.1:${port}/shop/app:1.0`;
    const flags = ['--insecure-policy', 'copy', '--dest-tls-verify=false', '--dest-creds=robot:s3cret'];
    await promisify(execFile)('/usr/bin/skopeo', [...flags, `oci:${layout}:1.0`, target]);
  }, 60_000);

  afterAll(async () => {
    await egress.close();
    await stop();
    await rm(folder, { recursive: true });
  });

  const client = (password = 's3cret') => {
    const credentials = { username: 'robot', password: new Secret(password) };
    return new RegistryClient({ name: 'test', url, credentials, allowPrivate: true }, egress);
  };

  it('resolves and fetches what skopeo pushed', async () => {
    const described = { digest: sha256(manifest), mediaType: ociManifest };
    expect(await client().resolve('shop/app', '1.0')).toEqual({ ...described, size: manifest.length });
    expect(await client().manifest('shop/app', '1.0')).toEqual({ ...described, bytes: manifest });
    expect(await client().manifest('shop/app', described.digest)).toMatchObject({ bytes: manifest });
  });

  it('streams the layer', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of client().blob('shop/app', { digest: sha256(layer), size: layer.length }))
      chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(layer)).toBe(true);
  });

  it('tells what is not there from what is not ours to see', async () => {
    await expect(client().manifest('shop/app', '2.0')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(client().resolve('shop/none', '1.0')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    const blob = client().blob('shop/app', { digest: sha256(Buffer.from('none')), size: 4 });
    await expect(blob[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await expect(client('wrong').resolve('shop/app', '1.0')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function startRegistry(folder: string, port: number): Promise<() => Promise<void>> {
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } },
    http: { addr: `127.0.0.1:${port}` },
  };
  await writeFile(join(folder, 'htpasswd'), htpasswd);
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config)); // JSON is YAML
  const server = spawn('/usr/bin/docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const ended = once(server, 'exit');
  for (let attempt = 0; ; attempt += 1) {
    const status = await fetch(`http://127.0.0.1:${port}/v2/`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 401) break;
    if (attempt === 100 || server.exitCode !== null) throw new Error('docker-registry does not start');
    await sleep(100);
  }
  return async () => {
    server.kill();
    await ended;
  };
}

async function writeLayout(folder: string, manifest: Buffer, blobs: Buffer[]): Promise<string> {
  const layout = join(folder, 'layout');
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  for (const blob of [manifest, ...blobs]) {
    await writeFile(join(layout, 'blobs', sha256(blob).replace(':', '/')), blob);
  }
  const descriptor = { mediaType: ociManifest, digest: sha256(manifest), size: manifest.length };
  const annotations = { 'org.opencontainers.image.ref.name': '1.0' };
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor, annotations }] }),
  );
  return layout;
}

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { buildImage, type TarEntry, type TestRegistry } from '@tidewaiter/testkit';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const osRelease: TarEntry = {
  path: 'etc/os-release',
  content: 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
};
const packages: TarEntry = {
  path: 'var/lib/dpkg/status',
  content: 'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.15-1\n',
};

/**
 * The advisories of the rig are about an older version, so that each of their changes is matched
 * again.
 */
const unaffected: TarEntry = {
  path: 'usr/lib/node_modules/only-in-the-rig/package.json',
  content: '{"name":"only-in-the-rig","version":"2.0.0"}',
};

/** A small image with a vulnerable package, as bytes. */
export interface SmallImage {
  digest: string;
  manifest: Buffer;
  blobs: { digest: string; bytes: Buffer }[];
}

/** Makes an image whose layer no other image has. */
export async function smallImage(name: string): Promise<SmallImage> {
  const own: TarEntry = { path: 'etc/motd', content: name };
  return imageOf([[osRelease], [packages, unaffected, own]]);
}

/** Makes an image of layers: entries, or whole tars. */
export async function imageOf(layers: (TarEntry[] | Buffer)[]): Promise<SmallImage> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-image-'));
  try {
    const built = await buildImage(folder, { layers });
    const blob = async (digest: string) => ({
      digest,
      bytes: await readFile(join(folder, 'blobs', 'sha256', digest.slice(7))),
    });
    const { bytes: manifest } = await blob(built.digest);
    const blobs = await Promise.all([built.configDigest, ...built.layerDigests].map(blob));
    return { digest: built.digest, manifest, blobs };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Uploads an image without a client program, which would cost more than the push itself. */
export async function push({ url }: TestRegistry, repository: string, tag: string, image: SmallImage): Promise<void> {
  for (const { digest, bytes } of image.blobs) {
    if ((await request(`${url}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })).ok) continue;
    const begun = await request(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location')!, url);
    place.searchParams.set('digest', digest);
    await expectCreated(await request(place, { method: 'PUT', body: new Uint8Array(bytes) }));
  }
  await pushTag({ url }, repository, tag, image);
}

/** Moves a tag to an image that the repository has. */
export async function pushTag(
  { url }: Pick<TestRegistry, 'url'>,
  repository: string,
  tag: string,
  { manifest }: SmallImage,
): Promise<void> {
  const headers = { 'content-type': manifestType };
  const body = new Uint8Array(manifest);
  await expectCreated(await request(`${url}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body }));
}

/** Repeats a request whose connection a busy registry has reset. */
async function request(url: string | URL, init: RequestInit): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (tries === 5) throw error;
      await sleep(tries * 200);
    }
  }
}

async function expectCreated(answer: Response): Promise<void> {
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}: ${text}`);
}

/** Content that stands for nothing, for a key that needs a digest. */
export function hexOf(text: string, length = 64): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdCompressSync } from 'node:zlib';

import { readOsvRecord } from '@tidewaiter/advisories';
import {
  AdvisoryFile,
  AdvisoryFileWriter,
  deltaBetween,
  formatVersion,
  imageFacts,
  localFile,
  writeImage,
} from '@tidewaiter/advisory-file';
import type { Digest } from '@tidewaiter/domain';

import { type ArtifactConfig, artifactTypes, readArtifact } from './artifact-config.js';
import type { AdvisoryPlace } from './artifact-place.js';
import { artifactTrust } from './artifact-trust.js';
import { buildArtifact } from './build-artifact.js';
import { copyArtifact } from './copy-artifact.js';
import { layoutPlace, unwritable } from './layout-place.js';
import { signArtifact } from './sign-artifact.js';
import { takeArtifact, type TakeOptions } from './take-artifact.js';

const day = (number: number) => `2026-01-${String(number).padStart(2, '0')}T00:00:00.000Z`;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-artifact-'));
  path = join(folder, 'advisories.db');
});

afterEach(async () => rm(folder, { recursive: true }));

/** Writes the state of a day: a record and a score for each day so far, and a few that stay. */
async function source(number: number, more = 200): Promise<string> {
  const file = join(folder, `day-${number}.db`);
  using writer = AdvisoryFileWriter.open(file);
  await writer.update(async () => {
    const ids = [
      ...Array.from({ length: more }, (_, index) => `OLD-${index}`),
      ...Array.from({ length: number }, (_, index) => `NEW-${index}`),
    ];
    const affected = [{ package: { ecosystem: 'npm', name: 'left-pad' }, versions: ['1.0.0'] }];
    await writer.put(ids.map((id) => readOsvRecord({ id, modified: day(1), summary: id, affected })));
    await writer.putEpss(ids.map((id, index) => ({ cve: id, score: (index + number) / 100_000, percentile: 0.5 })));
    const common = { origin: 'test', etag: null, lastModified: null, asOf: day(number), changedAt: day(number) };
    await writer.noteFeed({ ...common, name: 'npm', checkedAt: day(number), records: ids.length, rejected: 0 });
  });
  return file;
}

async function build(
  number: number,
  layout: string,
  key: KeyObject | null = privateKey,
  isLater = number > 1,
): Promise<Digest> {
  const image = join(folder, `image-${number}.db`);
  writeImage(await source(number), image);
  const place = layoutPlace(layout);
  const database = { path: image, format: formatVersion, ...imageFacts(image) };
  const earlier = isLater ? await readArtifact(place, await place.manifest('latest')) : null;
  const before = join(folder, `image-${number - 1}.db`);
  const delta = earlier && deltaBetween(before, image);
  const digest = await buildArtifact(database, earlier && { place, artifact: earlier, delta }, place, 'latest');
  if (key) await signArtifact(place, digest, key);
  return digest;
}

async function take(place: AdvisoryPlace, more: Partial<TakeOptions> = {}) {
  return takeArtifact({
    place,
    reference: 'latest',
    file: localFile(path),
    trust: await artifactTrust({ keys: [pem] }),
    acceptsOlder: false,
    acceptsReplacing: false,
    onBytes: () => undefined,
    ...more,
  });
}

function held(): number {
  using file = AdvisoryFile.open(path);
  file.verify();
  return file.holdings().advisories;
}

const layoutOf = () => join(folder, 'layout');
const blobPath = (digest: string) => join(layoutOf(), 'blobs', 'sha256', digest.slice(7));
const digestOf = (bytes: Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Signs an artifact with another config or other chunks, as an attacker with the key would. */
async function forge(change: (config: ArtifactConfig, chunks: Buffer[]) => void): Promise<void> {
  const place = layoutPlace(layoutOf());
  const artifact = await readArtifact(place, await place.manifest('latest'));
  const chunks = artifact.chunks.map(({ digest }) => readFileSync(blobPath(digest)));
  change(artifact.config, chunks);
  const put = async (mediaType: string, bytes: Buffer) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await place.putBlob(descriptor, async () => bytes);
    return descriptor;
  };
  const config = await put(artifactTypes.config, Buffer.from(JSON.stringify(artifact.config)));
  const layers = [];
  for (const chunk of chunks) layers.push(await put(artifactTypes.chunk, chunk));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: artifactTypes.manifest,
      config,
      layers: [...layers, ...artifact.deltas],
    }),
  );
  await place.putManifest({ digest: digestOf(bytes), mediaType: artifactTypes.manifest, bytes }, 'latest');
  await signArtifact(place, digestOf(bytes), privateKey);
}

describe('takeArtifact', () => {
  it('takes a first artifact whole, and the days after by their changes', async () => {
    await build(1, layoutOf());
    const place = layoutPlace(layoutOf());
    expect(await take(place)).toMatchObject({ state: 'whole', deltas: 0 });
    expect(held()).toBe(201);
    await build(2, layoutOf());
    await build(3, layoutOf());
    const later = await take(place);
    expect(later).toMatchObject({ state: 'changes', deltas: 2, artifact: { createdAt: day(3) } });
    expect(held()).toBe(203);
    expect(await take(place)).toMatchObject({ state: 'unchanged', bytes: 0 });
    // A new machine takes the image of the first day with the changes since.
    const other = join(folder, 'other.db');
    expect(await take(place, { file: localFile(other) })).toMatchObject({ state: 'whole', deltas: 2 });
    expect(imageFacts(other).content).toBe(imageFacts(path).content);
  });

  it('builds a new image when many days have passed, and still leads older readers on', async () => {
    await build(1, layoutOf());
    const place = layoutPlace(layoutOf());
    await take(place);
    for (let number = 2; number <= 9; number += 1) await build(number, layoutOf());
    const { config } = await readArtifact(place, await place.manifest('latest'));
    expect(config.deltas).toHaveLength(8);
    expect(await take(place)).toMatchObject({ state: 'changes', deltas: 8 });
    const fresh = await take(place, { file: localFile(join(folder, 'other.db')) });
    expect(fresh.deltas).toBeLessThan(7);
    expect(held()).toBe(209);
  });

  it('gives the same artifact for the same input', async () => {
    await build(1, layoutOf());
    const again = join(folder, 'again');
    await rm(join(folder, 'day-1.db'));
    expect(await build(1, again)).toBe((await layoutPlace(layoutOf()).manifest('latest')).digest);
  });

  it.each([
    ['nobody signed', null, /has no signature/],
    ['another key signed', stranger, /not signed by a configured key/],
  ])('refuses what %s', async (_, key, reason) => {
    await build(1, layoutOf(), key);
    const refused = await take(layoutPlace(layoutOf())).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'ARTIFACT_UNSIGNED', message: expect.stringMatching(reason) as string });
    expect(existsSync(path)).toBe(false);
    expect(await take(layoutPlace(layoutOf()), { trust: null })).toMatchObject({ state: 'whole' });
  });

  it('refuses a manifest that was put in the place of a signed one', async () => {
    const signed = await build(1, layoutOf());
    const swapped = await build(2, layoutOf(), null);
    const place = layoutPlace(layoutOf());
    // The signature of the first, under the tag of the second.
    const signature = await place.manifest(`${signed.replace(':', '-')}.sig`);
    await place.putManifest(signature, `${swapped.replace(':', '-')}.sig`);
    await expect(take(place)).rejects.toMatchObject({ code: 'ARTIFACT_UNSIGNED' });
  });

  it('refuses a replayed artifact that is older than what is there, unless allowed to', async () => {
    await build(1, layoutOf());
    const place = layoutPlace(layoutOf());
    const first = await place.manifest('latest');
    await build(2, layoutOf());
    await take(place);
    await place.putManifest({ ...first, mediaType: artifactTypes.manifest }, 'latest');
    await expect(take(place)).rejects.toMatchObject({ code: 'ARTIFACT_OLDER' });
    expect(held()).toBe(202);
    expect(await take(place, { acceptsOlder: true })).toMatchObject({ artifact: { createdAt: day(1) } });
    expect(held()).toBe(201);
  });

  it('refuses to replace sources that the artifact lacks, unless allowed to', async () => {
    using writer = AdvisoryFileWriter.open(path);
    const feed = { name: 'own records', origin: '/own', etag: null, lastModified: null, asOf: day(1) };
    await writer.update(async () =>
      writer.noteFeed({ ...feed, checkedAt: day(1), changedAt: day(1), records: 0, rejected: 0 }),
    );
    writer.close();
    await build(1, layoutOf());
    const place = layoutPlace(layoutOf());
    await expect(take(place)).rejects.toMatchObject({
      code: 'ARTIFACT_REPLACES',
      message: expect.stringContaining('own records') as string,
    });
    expect(await take(place, { acceptsReplacing: true })).toMatchObject({ state: 'whole' });
  });

  it('refuses a chunk with other bytes', async () => {
    await build(1, layoutOf());
    const place = layoutPlace(layoutOf());
    const { chunks } = await readArtifact(place, await place.manifest('latest'));
    const bytes = readFileSync(blobPath(chunks[0]!.digest));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(blobPath(chunks[0]!.digest), bytes);
    await expect(take(place)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(existsSync(path)).toBe(false);
  });

  it.each<[string, (config: ArtifactConfig, chunks: Buffer[]) => void, string]>([
    [
      'unpacks to more than it declares',
      (_, chunks) => (chunks[0] = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024))),
      'ARTIFACT_DAMAGED',
    ],
    ['is no zstd', (_, chunks) => (chunks[0] = Buffer.from('text')), 'ARTIFACT_DAMAGED'],
    ['declares a chunk of a terabyte', ({ image }) => (image.chunks[0]!.bytes = 2 ** 40), 'ARTIFACT_INVALID'],
    ['declares more chunks than it has', ({ image }) => void image.chunks.push(image.chunks[0]!), 'ARTIFACT_INVALID'],
    ['has more chunks than it declares', (_, chunks) => void chunks.push(chunks[0]!), 'ARTIFACT_INVALID'],
    ['does not lead to its content', (config) => (config.content = '0'.repeat(64)), 'ARTIFACT_INVALID'],
    ['is of another version', (config) => (config.format += 1), 'ARTIFACT_FORMAT'],
    ['has a path for a time', (config) => (config.createdAt = '../../etc/passwd'), 'ARTIFACT_INVALID'],
  ])('refuses an artifact that %s', async (_, change, code) => {
    await build(1, layoutOf());
    const place = layoutPlace(layoutOf());
    await take(place);
    await build(2, layoutOf(), privateKey, false);
    await forge(change);
    await expect(take(place)).rejects.toMatchObject({ code });
    expect(held()).toBe(201);
  });

  it('refuses changes that do not lead to the rows that it declares', async () => {
    await build(1, layoutOf());
    const place = layoutPlace(layoutOf());
    await take(place);
    await build(2, layoutOf());
    await forge((config) => (config.rows['advisory'] = 7));
    await expect(take(place)).rejects.toMatchObject({ code: 'ADVISORIES_DAMAGED' });
    expect(held()).toBe(201);
  });

  it('refuses a database with a trigger before any statement can fire it', async () => {
    await build(1, layoutOf());
    const forged = join(folder, 'forged.db');
    copyFileSync(join(folder, 'image-1.db'), forged);
    const db = new DatabaseSync(forged);
    db.exec('CREATE TRIGGER evil AFTER INSERT ON artifact BEGIN DELETE FROM advisory; END');
    db.close();
    const bytes = readFileSync(forged);
    await forge(({ image }, chunks) => {
      chunks.splice(0, chunks.length, zstdCompressSync(bytes));
      image.chunks = [{ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }];
    });
    await expect(take(layoutPlace(layoutOf()))).rejects.toMatchObject({ code: 'ADVISORIES_DAMAGED' });
    expect(existsSync(path)).toBe(false);
  });

  it('continues an interrupted download with the chunks that are missing', async () => {
    const image = join(folder, 'large.db');
    writeImage(await source(1, 40_000), image);
    const place = layoutPlace(layoutOf());
    await buildArtifact({ path: image, format: formatVersion, ...imageFacts(image) }, null, place, 'latest');
    const { chunks } = await readArtifact(place, await place.manifest('latest'));
    expect(chunks.length).toBeGreaterThan(1);
    const asked: string[] = [];
    const failing: AdvisoryPlace = {
      ...place,
      blob(descriptor) {
        if (descriptor.digest === chunks.at(-1)!.digest) throw new Error('the network is gone');
        return place.blob(descriptor);
      },
    };
    await expect(take(failing, { trust: null })).rejects.toThrow('the network is gone');
    expect(existsSync(path)).toBe(false);
    const counting: AdvisoryPlace = {
      ...place,
      blob(descriptor) {
        if (chunks.some(({ digest }) => digest === descriptor.digest)) asked.push(descriptor.digest);
        return place.blob(descriptor);
      },
    };
    await take(counting, { trust: null });
    expect(asked).toEqual([chunks.at(-1)!.digest]);
    expect(held()).toBe(40_001);
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
  }, 60_000);

  it('leaves a usable file whenever it is killed, and completes the next time', async () => {
    await build(1, layoutOf());
    await take(layoutPlace(layoutOf()), { trust: null });
    const script = `
      import { layoutPlace, takeArtifact } from '@tidewaiter/advisory-sync';
      import { localFile } from '@tidewaiter/advisory-file';
      const [folder, path] = process.argv.slice(1);
      console.log('start');
      await takeArtifact({ place: layoutPlace(folder), reference: 'latest', file: localFile(path), trust: null,
        acceptsOlder: true, acceptsReplacing: true, onBytes: () => undefined });`;
    for (const [index, delayMs] of [0, 2, 5, 10, 20, 40].entries()) {
      // Alternates between changes and a whole artifact.
      await build(index + 2, layoutOf(), null, index % 2 === 0);
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, layoutOf(), path], {
        cwd: __dirname,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      await sleep(delayMs);
      child.kill('SIGKILL');
      await exited;
      expect([200 + index + 1, 200 + index + 2]).toContain(held());
      await take(layoutPlace(layoutOf()), { trust: null });
      expect(held()).toBe(200 + index + 2);
    }
  }, 120_000);
});

describe('copyArtifact', () => {
  it('copies an artifact with its changes and its signature, and only what is missing', async () => {
    await build(1, layoutOf());
    const copy = layoutPlace(join(folder, 'copy'));
    const first = await copyArtifact(layoutPlace(layoutOf()), 'latest', copy, 'latest', () => undefined);
    expect(first).toMatchObject({ present: 0, isSigned: true });
    expect(await take(copy)).toMatchObject({ state: 'whole' });
    await build(2, layoutOf());
    // The change and the config; the image is there.
    const second = await copyArtifact(layoutPlace(layoutOf()), 'latest', copy, 'latest', () => undefined);
    expect(second).toMatchObject({ sent: 2, present: 1, isSigned: true });
    expect(await take(copy)).toMatchObject({ state: 'changes', deltas: 1 });
  });
});

describe('artifactTrust', () => {
  it('requires a signer, and all parts of an identity', async () => {
    await expect(artifactTrust({ keys: [] })).rejects.toMatchObject({ code: 'ARTIFACT_SIGNERS' });
    await expect(artifactTrust({ keys: [pem], identity: 'a' })).rejects.toMatchObject({ code: 'ARTIFACT_SIGNERS' });
    await expect(artifactTrust({ keys: ['/no/such/file'] })).rejects.toMatchObject({ code: 'ARTIFACT_SIGNERS' });
  });
});

describe('unwritable', () => {
  it('names a full disk', () => {
    expect(unwritable('/data', Object.assign(new Error('write'), { code: 'ENOSPC' }))).toMatchObject({
      code: 'ADVISORIES_UNWRITABLE',
      message: '/data: the disk is full',
    });
    const other = new Error('other');
    expect(unwritable('/data', other)).toBe(other);
  });
});

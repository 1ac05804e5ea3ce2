import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, statfs, truncate, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import type { Trust } from '@tidewaiter/provenance';

import { type AdvisoryArtifact, deltasFrom, readArtifact } from './artifact-config.js';
import { type AdvisoryPlace, readAll } from './artifact-place.js';
import { inParallel } from './in-parallel.js';
import { unwritable } from './layout-place.js';
import { requireSignature } from './signature.js';
import { unpack } from './zstd.js';

/** Artifact that a file has the content of. */
export interface ArtifactState {
  manifest: string;
  content: string;
  createdAt: string;
  rows: Record<string, number>;
}

/** The local file of advisories, as `@tidewaiter/advisory-file` has it. */
export interface LocalFile {
  path: string;
  /** Version of the tables that it reads. */
  format: number;
  /** Null if its content is not that of an artifact. */
  held(): ArtifactState | null;
  /** Sources that it has, with the times of their last checks; null if there is no usable file. */
  feeds(): { name: string; checkedAt: string }[] | null;
  advance(path: string, deltas: readonly Buffer[], from: string | null, to: ArtifactState): void;
  replace(complete: string): void;
}

export interface TakeOptions {
  place: AdvisoryPlace;
  /** Tag or digest. */
  reference: string;
  file: LocalFile;
  /** Signers of which one must have signed it; null to accept it unsigned. */
  trust: Trust | null;
  /** Whether it may be older than what is there. */
  acceptsOlder: boolean;
  /** Whether what is there from other sources may be replaced. */
  acceptsReplacing: boolean;
  onBytes(bytes: number, totalBytes: number): void;
}

export interface TakeResult {
  state: 'unchanged' | 'changes' | 'whole';
  artifact: Pick<ArtifactState, 'manifest' | 'createdAt' | 'rows'>;
  /** Bytes of blobs that were transferred. */
  bytes: number;
  deltas: number;
}

/** Blobs that are fetched at once. */
const concurrency = 4;

/**
 * Brings the content of an artifact into the local file: by its deltas where they lead on from what
 * is there, else whole. Until the end, the file stays as it is.
 * @throws AccessDenied `ARTIFACT_UNSIGNED`
 * @throws InvalidInput `ARTIFACT_OLDER`, `ARTIFACT_REPLACES`, `ARTIFACT_FORMAT`,
 * `ARTIFACT_INVALID`, `ARTIFACT_DAMAGED`
 */
export async function takeArtifact(options: TakeOptions): Promise<TakeResult> {
  const { place, reference, file, trust } = options;
  const manifest = await place.manifest(reference);
  const held = file.held();
  if (held?.manifest === manifest.digest) return { state: 'unchanged', artifact: held, bytes: 0, deltas: 0 };
  if (trust !== null) await requireSignature(place, manifest.digest, trust);
  const artifact = await readArtifact(place, manifest);
  checkAcceptable(artifact, held, options);
  const { content, createdAt, rows } = artifact.config;
  const to: ArtifactState = { manifest: manifest.digest, content, createdAt, rows };
  const path = held && deltasFrom(artifact.config, held.content);
  const result = { artifact: to, deltas: path?.length ?? 0 };
  if (held && path) {
    const bytes = sizeOf(path.map((index) => artifact.deltas[index]!));
    const deltas = await fetchDeltas(artifact, path, options, { done: 0, total: bytes });
    if (advanced(file, deltas, held, to)) return { ...result, state: 'changes', bytes };
  }
  return { ...result, state: 'whole', ...(await takeWhole(artifact, to, options)) };
}

function checkAcceptable(
  { digest, config }: AdvisoryArtifact,
  held: ArtifactState | null,
  { file, acceptsOlder, acceptsReplacing }: TakeOptions,
): void {
  if (config.format !== file.format) {
    const other = config.format < file.format ? 'an older' : 'a newer';
    throw new InvalidInput('ARTIFACT_FORMAT', `${digest} was built by ${other} Tidewaiter, for other tables`);
  }
  const feeds = file.feeds() ?? [];
  const present =
    held?.createdAt ??
    feeds
      .map(({ checkedAt }) => checkedAt)
      .toSorted()
      .at(-1);
  if (present !== undefined && Date.parse(config.createdAt) < Date.parse(present) && !acceptsOlder) {
    throw new InvalidInput(
      'ARTIFACT_OLDER',
      `the artifact is as of ${config.createdAt}, and ${file.path} as of ${present}: refused without --accept-older`,
    );
  }
  const lost = held ? [] : feeds.filter(({ name }) => !config.feeds.some((each) => each.name === name));
  if (lost.length > 0 && !acceptsReplacing) {
    const names = lost.slice(0, 5).map(({ name }) => name);
    throw new InvalidInput(
      'ARTIFACT_REPLACES',
      `${file.path} has sources that the artifact lacks (${names.join(', ')}): refused without --replace`,
    );
  }
}

/** Returns false where the file is not what it was taken for, so that it has to be taken whole. */
function advanced(file: LocalFile, deltas: readonly Buffer[], from: ArtifactState, to: ArtifactState): boolean {
  try {
    file.advance(file.path, deltas, from.content, to);
    return true;
  } catch (error) {
    const isUnfit = error instanceof InvalidInput && ['ARTIFACT_DELTA', 'ADVISORIES_DAMAGED'].includes(error.code);
    if (isUnfit) return false;
    throw error;
  }
}

interface Progress {
  done: number;
  total: number;
}

async function takeWhole(
  artifact: AdvisoryArtifact,
  to: ArtifactState,
  options: TakeOptions,
): Promise<Pick<TakeResult, 'bytes' | 'deltas'>> {
  const { file } = options;
  const path = deltasFrom(artifact.config, artifact.config.image.content)!;
  const wanted = [...artifact.chunks, ...path.map((index) => artifact.deltas[index]!)];
  const progress = { done: 0, total: sizeOf(wanted) };
  const partial = `${resolve(file.path)}.${artifact.digest.slice('sha256:'.length, 19)}.part`;
  try {
    await removeOthers(partial, file.path);
    const sent = await fetchImage(artifact, partial, options, progress);
    const deltas = await fetchDeltas(artifact, path, options, progress);
    file.advance(partial, deltas, null, to);
    file.replace(partial);
    return { bytes: sent + sizeOf(path.map((index) => artifact.deltas[index]!)), deltas: path.length };
  } catch (error) {
    throw unwritable(partial, error);
  }
}

/** Removes what was left of other artifacts, and logs of this one, which a crash may have left. */
async function removeOthers(partial: string, path: string): Promise<void> {
  const folder = dirname(partial);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const isPart = name.startsWith(`${basename(path)}.`) && /\.[0-9a-f]{12}\.part(-wal|-shm)?$/.test(name);
    if (isPart && join(folder, name) !== partial) await rm(join(folder, name), { force: true });
  }
}

/** Writes the chunks that a partial file lacks; returns the bytes that were transferred. */
async function fetchImage(
  { chunks, config }: AdvisoryArtifact,
  partial: string,
  options: TakeOptions,
  progress: Progress,
): Promise<number> {
  const offsets = offsetsOf(config.image.chunks.map(({ bytes }) => bytes));
  const total = offsets.pop()!;
  const isNew = await open(partial, 'wx').then(
    async (file) => file.close().then(() => true),
    () => false,
  );
  if (isNew) await requireSpace(dirname(partial), total);
  await truncate(partial, total);
  await using file = await open(partial, 'r+');
  let sent = 0;
  await inParallel(chunks.length, concurrency, async (index) => {
    const { bytes, sha256 } = config.image.chunks[index]!;
    const part = { position: offsets[index]!, bytes, sha256 };
    if (isNew || !(await isThere(file, part))) {
      // The manifest pins the packed bytes, and with them what they unpack to.
      const unpacked = await unpack(await readAll(options.place, chunks[index]!), bytes);
      await file.write(unpacked, 0, bytes, part.position);
      sent += chunks[index]!.size;
    }
    progress.done += chunks[index]!.size;
    options.onBytes(progress.done, progress.total);
  });
  return sent;
}

/** Whether an earlier, interrupted sync wrote this chunk. */
async function isThere(
  file: FileHandle,
  { position, bytes, sha256 }: { position: number; bytes: number; sha256: string },
): Promise<boolean> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(bytes), position });
  return bytesRead === bytes && hexOf(buffer) === sha256;
}

async function fetchDeltas(
  { config, deltas }: AdvisoryArtifact,
  path: readonly number[],
  { place, onBytes }: TakeOptions,
  progress: Progress,
): Promise<Buffer[]> {
  const fetched: Buffer[] = [];
  for (const index of path) {
    fetched.push(await unpack(await readAll(place, deltas[index]!), config.deltas[index]!.bytes));
    progress.done += deltas[index]!.size;
    onBytes(progress.done, progress.total);
  }
  return fetched;
}

/** Fails before a download that cannot end. */
async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  const megabytes = (count: number) => `${Math.ceil(count / 1e6)} MB`;
  throw new Unavailable(
    'ADVISORIES_UNWRITABLE',
    `${folder}: the disk is full: ${megabytes(bytes)} are needed, and ${megabytes(bavail * bsize)} free`,
    { retryable: false },
  );
}

/** Sums before each length, and of all. */
function offsetsOf(lengths: readonly number[]): number[] {
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1)! + length);
  return offsets;
}

function sizeOf(blobs: readonly { size: number }[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

function hexOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AdvisoryArtifact, AdvisoryPlace, WritableAdvisoryPlace } from '@tidewaiter/advisory-sync';
import { type Digest, InvalidInput, printable } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { advisoryFilePath } from '../cache-dir.js';
import { collect } from '../collect.js';
import { environment, printStderr } from '../context.js';
import { readText } from '../sources/text-files.js';
import { count } from '../terminal.js';
import { withPlace } from './artifact-places.js';

/** Flags of what is built from what. */
export interface BuildFlags {
  advisories?: string;
  cacheDir?: string;
  signingKey?: string;
  insecure?: boolean;
  quiet?: boolean;
  fromSources?: boolean;
  source?: string[];
}

export function withBuildFlags(command: Command): Command {
  return command
    .option('--advisories <path>', 'the local file to build from; advisories.db in the cache unless given')
    .option('--cache-dir <dir>', 'where the local file lies')
    .option('--from-sources', 'first fetch what is new into that file, as `advisories sync` without --from')
    .option(
      '--source <name[=url]>',
      'as --from-sources, of this source alone, at its public address or at another; can be repeated',
      collect,
    )
    .option(
      '--signing-key <file>',
      'private key (PEM) that signs the artifact; its password is in TIDEWAITER_SIGNING_KEY_PASSWORD',
    )
    .option('--insecure', 'plain http, or a certificate that nothing vouches for')
    .option('--quiet', 'say only what went wrong');
}

export function buildCommand(advisories: Command): void {
  const command = advisories
    .command('build')
    .description('make one artifact of all advisories in the local file, for any OCI registry')
    .requiredOption('--out <dir>', 'folder for the artifact, an OCI layout')
    .option(
      '--previous <place>',
      'the artifact before, oci://REGISTRY/REPOSITORY or a folder: its readers need only changes',
    );
  withBuildFlags(command).action(
    async ({ out, previous, ...flags }: BuildFlags & { out: string; previous?: string }) => {
      const { layoutPlace } = await import('@tidewaiter/advisory-sync');
      if (!(await hasFetched(flags))) return;
      await buildInto(layoutPlace(out), flags, previous);
    },
  );
}

/**
 * Fetches what an artifact is built from, if asked to. False where a source could not be read: its
 * readers would take an artifact that lacks it for a complete one.
 */
export async function hasFetched({ fromSources, source, quiet, ...flags }: BuildFlags): Promise<boolean> {
  if (fromSources !== true && source === undefined) return true;
  const { syncAll } = await import('./sync.js');
  const advisories = flags.advisories ?? advisoryFilePath(flags.cacheDir);
  const failures = await syncAll({ advisories, source, quiet });
  if (failures.length === 0) return true;
  const names = printable(failures.join(', '));
  printStderr(`nothing built, for want of ${names}; to go on with what is known, leave out --from-sources`);
  return false;
}

/** Builds an artifact, signed if there is a key, under the tag `latest`. */
export async function buildInto(
  target: WritableAdvisoryPlace,
  flags: BuildFlags,
  previous: string | undefined,
): Promise<Digest> {
  const [{ buildArtifact, readSigningKey, signArtifact }, { formatVersion, imageFacts, writeImage }] =
    await Promise.all([import('@tidewaiter/advisory-sync'), import('@tidewaiter/advisory-file')]);
  // Before minutes of work.
  const key = flags.signingKey === undefined ? undefined : readSigningKey(await readText(flags.signingKey), password());
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-artifact-'));
  try {
    const path = join(folder, 'image.db');
    writeImage(flags.advisories ?? advisoryFilePath(flags.cacheDir), path);
    const database = { path, format: formatVersion, ...imageFacts(path) };
    const build = async (earlier: Parameters<typeof buildArtifact>[1]) =>
      buildArtifact(database, earlier, target, 'latest');
    const digest =
      previous === undefined
        ? await build(null)
        : await withPlace(previous, { isInsecure: flags.insecure }, async ({ place, reference }) =>
            build(await earlierOf(place, reference, path, folder)),
          );
    if (key) await signArtifact(target, digest, key);
    if (flags.quiet !== true)
      printStderr(`${digest}: ${count(database.rows['advisory'] ?? 0)} advisories${key ? ', signed' : ''}`);
    return digest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The artifact before, with the changes since it; null where its tables were others. */
async function earlierOf(place: AdvisoryPlace, reference: string, path: string, folder: string) {
  const { readArtifact, takeArtifact } = await import('@tidewaiter/advisory-sync');
  const { deltaBetween, formatVersion, localFile } = await import('@tidewaiter/advisory-file');
  const artifact: AdvisoryArtifact = await readArtifact(place, await place.manifest(reference));
  if (artifact.config.format !== formatVersion) return null;
  const before = localFile(join(folder, 'before.db'));
  await takeArtifact({
    place,
    reference: artifact.digest,
    file: before,
    // It is compared with, and its chunks are those that its own readers verify.
    trust: null,
    acceptsOlder: false,
    acceptsReplacing: false,
    onBytes: () => undefined,
  });
  return { place, artifact, delta: deltaBetween(before.path, path) };
}

function password(): string | undefined {
  const text = environment['TIDEWAITER_SIGNING_KEY_PASSWORD'];
  return text === '' ? undefined : text;
}

/** @throws InvalidInput `REFERENCE_INVALID` */
export function requireRegistry(text: string): void {
  if (text.startsWith('oci://')) return;
  throw new InvalidInput('REFERENCE_INVALID', `${text} is no oci://REGISTRY/REPOSITORY`);
}

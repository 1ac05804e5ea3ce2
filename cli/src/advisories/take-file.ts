import type { TakeResult } from '@tidewaiter/advisory-sync';
import { printable, TidewaiterError } from '@tidewaiter/domain';

import { advisoryFilePath, configuredPlace } from '../cache-dir.js';
import { printStderr } from '../context.js';
import { count } from '../terminal.js';
import { withPlace } from './artifact-places.js';
import { type ArtifactSignerFlags, artifactSigners } from './artifact-signers.js';
import { bytesShown } from './bytes-progress.js';

/** Flags of a sync from an artifact into a file. */
export interface TakeFileFlags extends ArtifactSignerFlags {
  acceptOlder?: boolean;
  replace?: boolean;
  insecure?: boolean;
  quiet?: boolean;
}

/**
 * Takes the configured artifact for a scan, which goes on without it when it cannot be had: its
 * report then names the packages that nothing was known about.
 */
export async function takeConfigured({ cacheDir: folder, quiet }: { cacheDir: string | undefined; quiet: boolean }) {
  try {
    await takeInto(advisoryFilePath(folder), configuredPlace()!, { quiet });
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    printStderr(`advisories: ${printable(error.message)} [${error.code}]`);
  }
}

/** Takes an artifact into a local file. */
export async function takeInto(path: string, from: string, flags: TakeFileFlags): Promise<void> {
  const [{ takeArtifact }, { localFile }] = await Promise.all([
    import('@tidewaiter/advisory-sync'),
    import('@tidewaiter/advisory-file'),
  ]);
  const trust = await artifactSigners(flags);
  const progress = bytesShown(flags.quiet ?? false);
  const start = performance.now();
  const result = await withPlace(from, { isInsecure: flags.insecure }, async ({ place, reference }) =>
    takeArtifact({
      place,
      reference,
      file: localFile(path),
      trust,
      acceptsOlder: flags.acceptOlder ?? false,
      acceptsReplacing: flags.replace ?? false,
      onBytes: progress.show,
    }),
  ).finally(() => progress.end());
  if (flags.quiet !== true) printStderr(summary(path, result, (performance.now() - start) / 1000));
}

function summary(path: string, { state, artifact, bytes, deltas }: TakeResult, seconds: number): string {
  const content = `${count(artifact.rows['advisory'] ?? 0)} advisories as of ${artifact.createdAt}`;
  if (state === 'unchanged') return `${path}: unchanged, ${content}`;
  const how = state === 'whole' ? 'whole' : `${deltas} ${deltas === 1 ? 'change' : 'changes'}`;
  return `${path}: ${content}, ${how}, ${(bytes / 1e6).toFixed(2)} MB in ${seconds.toFixed(1)} s`;
}

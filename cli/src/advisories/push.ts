import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { type NamedPlace, manifestOrNull, withPlace } from './artifact-places.js';
import { type BuildFlags, buildInto, hasFetched, requireRegistry, withBuildFlags } from './build.js';
import { bytesShown } from './bytes-progress.js';

export function pushCommand(advisories: Command): void {
  const command = advisories
    .command('push')
    .description('put an artifact into a registry; one that is built from the local file unless a folder is given')
    .argument('<registry>', 'oci://REGISTRY/REPOSITORY[:TAG]')
    .argument('[dir]', 'folder that `advisories build` wrote');
  withBuildFlags(command).action(async (registry: string, folder: string | undefined, flags: BuildFlags) => {
    requireRegistry(registry);
    if (folder === undefined && !(await hasFetched(flags))) return;
    await withPlace(registry, { isInsecure: flags.insecure }, async (target) => {
      if (folder !== undefined) return pushFrom(folder, target, flags);
      return builtAndPushed(registry, target, flags);
    });
  });
}

async function builtAndPushed(registry: string, target: NamedPlace, flags: BuildFlags): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-push-'));
  try {
    const { layoutPlace } = await import('@tidewaiter/advisory-sync');
    const isFirst = (await manifestOrNull(target.place, target.reference)) === null;
    await buildInto(layoutPlace(folder), { ...flags, quiet: true }, isFirst ? undefined : registry);
    await pushFrom(folder, target, flags);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pushFrom(folder: string, { place, reference }: NamedPlace, flags: BuildFlags): Promise<void> {
  await withPlace(folder, {}, async (from) => copied(from, place, reference, flags.quiet ?? false));
}

/** Copies an artifact, and prints what it cost. */
export async function copied(from: NamedPlace, to: NamedPlace['place'], tag: string, isQuiet: boolean): Promise<void> {
  const { copyArtifact } = await import('@tidewaiter/advisory-sync');
  const { isDigest } = await import('@tidewaiter/domain');
  const progress = bytesShown(isQuiet);
  const result = await copyArtifact(from.place, from.reference, to, isDigest(tag) ? null : tag, progress.show);
  progress.end();
  if (isQuiet) return;
  const { digest, sent, present, bytes, isSigned } = result;
  const signature = isSigned ? 'signed' : 'not signed';
  printStderr(`${digest}: ${sent} parts sent (${(bytes / 1e6).toFixed(1)} MB), ${present} were there, ${signature}`);
}

import type { Command } from 'commander';

import { withPlace } from './artifact-places.js';
import { type ArtifactSignerFlags, artifactSigners, withArtifactSigners } from './artifact-signers.js';
import { copied } from './push.js';

interface MirrorFlags extends ArtifactSignerFlags {
  insecure?: boolean;
  quiet?: boolean;
}

export function mirrorCommand(advisories: Command): void {
  const command = advisories
    .command('mirror')
    .description('copy an artifact with its changes and signature, for machines without a network')
    .argument('<from>', 'oci://REGISTRY/REPOSITORY[:TAG], or a folder')
    .argument('<to>', 'the same')
    .option('--insecure', 'plain http, or a certificate that nothing vouches for')
    .option('--quiet', 'say only what went wrong');
  withArtifactSigners(command).action(async (from: string, to: string, flags: MirrorFlags) => {
    const { requireSignature } = await import('@tidewaiter/advisory-sync');
    const trust = await artifactSigners(flags);
    const isInsecure = flags.insecure;
    await withPlace(from, { isInsecure }, async (source) =>
      withPlace(to, { isInsecure, from }, async (target) => {
        const { digest } = await source.place.manifest(source.reference);
        if (trust !== null) await requireSignature(source.place, digest, trust);
        // By digest: the tag may move meanwhile.
        await copied({ ...source, reference: digest }, target.place, target.reference, flags.quiet ?? false);
      }),
    );
  });
}

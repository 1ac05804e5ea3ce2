import type { Command } from 'commander';

import { durationOption } from '../duration.js';

/** The flags of every command that reads images. */
export interface ReadingFlags {
  platform?: string;
  offline?: boolean;
  timeout: number;
  quiet?: boolean;
  insecure?: boolean;
  cacheDir?: string;
}

export const targetDescription =
  'image reference, oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, rootfs:DIR, sbom:FILE, dockerfile:FILE or k8s:FILE_OR_DIR';

export function withReadingFlags(command: Command): Command {
  return command
    .option('--platform <os/arch>', "which image of an index; this machine's unless given")
    .option('--offline', 'ask nothing of the network')
    .addOption(durationOption('--timeout <duration>', 'give up after this long', '10m'))
    .option('-q, --quiet', 'show no progress')
    .option('--insecure', 'speak to registries without TLS, or with certificates that nobody vouches for')
    .option('--cache-dir <dir>', 'where layers are kept that were read');
}

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
    .option('--platform <os/arch>', "platform of a multi-platform image (default: this machine's)")
    .option('--offline', 'open no network connection')
    .addOption(durationOption('--timeout <duration>', 'give up after this long', '10m'))
    .option('-q, --quiet', 'show no progress')
    .option('--insecure', 'skip TLS verification of registries, or use plain HTTP')
    .option('--cache-dir <dir>', 'folder of the caches of layers and reports');
}

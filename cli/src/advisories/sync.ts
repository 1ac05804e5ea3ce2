import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { printable } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError } from 'commander';

import { configuredPlace } from '../cache-dir.js';
import { collect } from '../collect.js';
import { withArtifactSigners } from './artifact-signers.js';
import { type DestinationFlags, filePathOf, withDestinationFlags, withKeeper } from './destination.js';
import type { TakeFlags } from './take.js';

interface SyncFlags extends TakeFlags {
  from?: string;
  url?: string;
  ecosystems?: string[];
  kevUrl?: string;
  epssUrl?: string;
  source?: string[];
}

export function syncCommand(advisories: Command): void {
  const command = advisories
    .command('sync')
    .description(
      'fetch what is new: OSV records, KEV, EPSS, ends of support; once a place is named, only those that are named are asked',
    )
    .option('--url <url>', "a bucket in the layout of OSV's; OSV's own when no place is named", webUrl)
    .option('--ecosystems <names>', 'Debian,npm,…; all that the bucket lists unless given', readNames)
    .option('--kev-url <url>', "CISA's catalog in JSON; from cisa.gov when no place is named", webUrl)
    .option('--epss-url <url>', "FIRST's scores as .csv.gz; the public ones when no place is named", webUrl)
    .option(
      '--source <name[=url]>',
      'a source: osv, kev, epss, amazon, …, at its public address or at another; can be repeated',
      collect,
    )
    .option('--accept-removals', 'believe an archive that most records of an ecosystem are gone')
    .option('--quiet', 'say only what went wrong')
    .option(
      '--from <place>',
      'an artifact in place of the sources: oci://REGISTRY/REPOSITORY[:TAG] or a folder; TIDEWAITER_ADVISORIES_FROM unless given',
    )
    .option('--accept-older', 'take an artifact that is older than what is there')
    .option('--replace', 'take an artifact that lacks sources which are there')
    .option('--insecure', 'plain http, or a certificate that nothing vouches for');
  withDestinationFlags(withArtifactSigners(command)).action(async (flags: SyncFlags) => {
    const { isEcosystemName } = await import('@tidewaiter/advisory-sync');
    const wrong = flags.ecosystems?.find((name) => !isEcosystemName(name));
    if (wrong !== undefined) {
      command.error(`error: --ecosystems: "${printable(wrong)}" is no name of an ecosystem, such as Debian or npm`, {
        code: 'commander.invalidArgument',
      });
    }
    const from = flags.from ?? (namesSource(flags) ? undefined : configuredPlace());
    if (from === undefined) {
      await syncAll(flags);
      return;
    }
    if (flags.from !== undefined && namesSource(flags)) {
      command.error('error: --from takes an artifact in place of the sources that other flags name', {
        code: 'commander.invalidArgument',
      });
    }
    const { takeAll } = await import('./take.js');
    await takeAll(from, flags);
  });
}

const namesSource = ({ url, kevUrl, epssUrl, source, ecosystems }: SyncFlags): boolean =>
  (url ?? kevUrl ?? epssUrl ?? source ?? ecosystems) !== undefined;

/**
 * Fetches from the places that the flags name, else from the public ones. Returns the names of
 * sources that could not be read.
 */
export async function syncAll(flags: SyncFlags): Promise<readonly string[]> {
  const [{ placesOf, readSources, syncAdvisories }, { Egress }, { ReadingProgress }] = await Promise.all([
    import('@tidewaiter/advisory-sync'),
    import('@tidewaiter/egress'),
    import('./reading-progress.js'),
  ]);
  const named = { osv: flags.url, kev: flags.kevUrl, epss: flags.epssUrl };
  const places = placesOf({ ...named, ...readSources(flags.source ?? []) });
  const egress = new Egress({ allow: [] });
  const { folder, remove } = await downloadFolder(flags);
  const listener = new ReadingProgress(flags.quiet ?? false);
  try {
    await withKeeper(flags, async (keeper) =>
      syncAdvisories({
        keeper,
        listener,
        acceptsRemovals: flags.acceptRemovals ?? false,
        egress,
        places,
        ecosystems: flags.ecosystems ?? null,
        folder,
        // The person at the terminal names the place, so it may be a mirror of their own.
        request: { allowPrivate: true },
      }),
    );
    return listener.failures;
  } finally {
    await Promise.all([egress.close(), remove()]);
  }
}

/**
 * Beside the local file, where the next sync finds what was left of a download; else for this time
 * only.
 */
async function downloadFolder(flags: DestinationFlags): Promise<{ folder: string; remove: () => Promise<void> }> {
  const path = await filePathOf(flags);
  if (path !== undefined) return { folder: join(dirname(path), 'downloads'), remove: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-downloads-'));
  return { folder, remove: async () => rm(folder, { recursive: true, force: true }) };
}

function webUrl(text: string): string {
  const isWeb = URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
  if (!isWeb) throw new InvalidArgumentError('Give a URL of http or https.');
  return text;
}

function readNames(text: string): string[] {
  return [...new Set(text.split(',').map((name) => name.trim()))];
}

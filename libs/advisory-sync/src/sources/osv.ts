import { readFile } from 'node:fs/promises';

import { InvalidInput } from '@tidewaiter/domain';

import { archive } from '../record-source.js';
import { type FeedSource, singleFile, type SyncTools, withoutSlash } from './feed-source.js';

/** Limit on one archive, packed; the bucket's largest has 1 GiB. */
const maxArchiveBytes = 16 * 1024 * 1024 * 1024;
const maxListBytes = 1024 * 1024;
const list = 'ecosystems.txt';

/** The bucket of OSV: an archive of records for each ecosystem. */
export const osv: FeedSource = {
  name: 'osv',
  content: "a bucket in the layout of OSV's",
  publicUrl: 'https://osv-vulnerabilities.storage.googleapis.com',
  isUsual: true,
  index: list,
  feeds: async (url, tools) => {
    const ecosystems = tools.ecosystems ?? (await listEcosystems(url, tools));
    const archiveUrl = (name: string) => `${withoutSlash(url)}/${encodeURIComponent(name)}/all.zip`;
    return ecosystems.map((name) => singleFile(name, archiveUrl(name), maxArchiveBytes, (path) => archive(path, name)));
  },
};

async function listEcosystems(url: string, { download }: SyncTools): Promise<string[]> {
  const file = await download({ name: null, url: `${withoutSlash(url)}/${list}`, maxBytes: maxListBytes, known: null });
  try {
    return readEcosystems(await readFile(file!.path, 'utf8'));
  } finally {
    await file?.remove();
  }
}

/**
 * Limits: real names have below 40 characters, and the bucket some 50 ecosystems beside hundreds of
 * their releases.
 */
const maxNameLength = 100;
const maxEcosystems = 5_000;

/**
 * Parses `ecosystems.txt`: the ecosystems, each once. Releases such as `Debian:12` are in the
 * archive of their ecosystem.
 * @throws InvalidInput `ECOSYSTEMS_INVALID`
 */
export function readEcosystems(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.trim().split(':')[0] ?? '').trim());
  const names = [...new Set(lines.filter((line) => line !== ''))];
  const wrong = names.find((name) => !isEcosystemName(name));
  if (wrong !== undefined || names.length === 0 || names.length > maxEcosystems) {
    throw new InvalidInput('ECOSYSTEMS_INVALID', 'ecosystems.txt is no list of ecosystems');
  }
  return names.toSorted();
}

/** Whether a name can be that of a folder of the bucket. `[EMPTY]` contains records without one. */
export function isEcosystemName(name: string): boolean {
  return name.length <= maxNameLength && /^[\p{L}\p{N}][\p{L}\p{N} ._+()-]*$/u.test(name);
}

import { posix } from 'node:path';

import type { OwnedFile } from '@tidewaiter/domain';

import type { Analyzer, FileFacts, SourceFile } from '../analyzer.js';
import { listOf, objectOf, readJson, textOf } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages, oneLine } from '../package-database.js';
import { collectFiles, packageFile, pathFrom } from '../package-files.js';

/**
 * Packages of a conda environment, one file each.
 * @see https://docs.conda.io/projects/conda/en/stable/dev-guide/deep-dives/install.html
 */
export const conda: Analyzer = {
  name: 'conda',
  version: 1,
  wants: (path) => path.includes('conda-meta/') && /(^|\/)conda-meta\/[^/]+\.json$/.test(path),
  analyze,
};

function analyze({ path, content }: SourceFile): FileFacts {
  const record = objectOf(readJson(content));
  const license = oneLine(textOf(record['license']) ?? '');
  const qualifiers = qualifiersOf(record);
  const library = libraryRecord({
    type: 'conda',
    name: record['name'],
    version: record['version'],
    licenses: license === '' ? [] : [license],
    ...(Object.keys(qualifiers).length > 0 && { qualifiers }),
    foundIn: path,
  });
  const facts = collectPackages([library]);
  if (library === 'unreadable') return facts;
  const { files, ...damage } = collectFiles(readFiles(record, posix.dirname(posix.dirname(path))));
  return { ...facts, owned: [{ type: 'conda', package: library.name, files }], ...damage };
}

const plain = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** @see https://github.com/package-url/purl-spec/blob/main/types-doc/conda-definition.md */
function qualifiersOf({ build, channel, subdir }: Record<string, unknown>): Record<string, string> {
  const platform = textOf(subdir);
  const found = { build: textOf(build), channel: channelName(textOf(channel) ?? '', platform), subdir: platform };
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined && plain.test(entry[1])),
  );
}

/**
 * Last part of a channel's address before the platform: `main` in
 * `https://repo.anaconda.com/pkgs/main/linux-64`. The rest may contain a token.
 */
function channelName(channel: string, platform: string | undefined): string | undefined {
  const parts = channel.split('/', 64).filter((part) => part !== '');
  return parts.at(parts.at(-1) === platform ? -2 : -1);
}

/** Reads `paths_data`, which came with conda 4.3; older records have only names in `files`. */
function* readFiles(
  { paths_data: data, files }: Record<string, unknown>,
  prefix: string,
): Generator<OwnedFile | undefined> {
  const { paths = listOf(files).map((file) => ({ _path: file })) } = objectOf(data);
  for (const entry of listOf(paths).map(objectOf)) {
    if (entry['path_type'] !== 'directory') yield readFile(entry, prefix);
  }
}

function readFile(entry: Record<string, unknown>, prefix: string): OwnedFile | undefined {
  const path = pathFrom(prefix, textOf(entry['_path']) ?? '');
  if (path === undefined) return undefined;
  // For a link conda records the digest of the target, and for a generated file no valid digest.
  const sha256 = entry['path_type'] === 'hardlink' ? textOf(entry['sha256_in_prefix']) : undefined;
  return packageFile(path, sha256 && /^[0-9a-f]{64}$/.test(sha256) ? `sha256:${sha256}` : undefined);
}

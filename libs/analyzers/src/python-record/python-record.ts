import { posix } from 'node:path';

import type { OwnedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { linesOf } from '../package-database.js';
import { collectFiles, packageFile, pathFrom } from '../package-files.js';
import { isTestData, normalizedName } from '../pypi.js';

/**
 * Files of installed wheels. @see
 * https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export const pythonRecord: Analyzer = {
  name: 'python-record',
  version: 2,
  wants: (path) => path.endsWith('.dist-info/RECORD') && !isTestData(path),
  analyze: ({ path, content }) => {
    const distribution = posix.dirname(path);
    const { files, ...damage } = collectFiles(readRows(readText(content), posix.dirname(distribution)));
    return { owned: [{ type: 'pypi', package: nameOf(posix.basename(distribution, '.dist-info')), files }], ...damage };
  },
};

/** `charset_normalizer-3.4.2`; older names contain dashes themselves. */
function nameOf(stem: string): string {
  const version = stem.search(/-v?\d/);
  return normalizedName(version > 0 ? stem.slice(0, version) : stem);
}

function* readRows(text: string, site: string): Generator<OwnedFile | undefined> {
  for (const line of linesOf(text)) if (line !== '' && line !== '\r') yield readRow(line, site);
}

// Path, digest and size; a path with a comma or quote is quoted, with doubled quotes inside.
const row = /^(?:"((?:[^"]|""){1,4096})"|([^",]{1,4096})),([^,]{0,256}),\d{0,20}\r?$/;

/**
 * Scripts are beside the site (`../../../bin/flask`), the data of some distributions anywhere
 * (`/usr/share/man/man1/x.1`).
 */
function readRow(line: string, site: string): OwnedFile | undefined {
  const [, quoted, plain = '', digest = ''] = row.exec(line) ?? [];
  const name = quoted?.replaceAll('""', '"') ?? plain;
  const path = pathFrom(site, name);
  return path === undefined ? undefined : packageFile(path, readDigest(digest));
}

/** Older digests are too weak to prove an unchanged file, longer ones are not in use. */
function readDigest(field: string): string | undefined {
  const [, sha256] = /^sha256=([A-Za-z0-9_-]{43})=?$/.exec(field) ?? [];
  return sha256 && `sha256:${Buffer.from(sha256, 'base64url').toString('hex')}`;
}

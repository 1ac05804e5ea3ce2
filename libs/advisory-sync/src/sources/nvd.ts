import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { programEcosystem } from '@tidewaiter/advisories';
import { InvalidInput, NotFound } from '@tidewaiter/domain';

import { readDocument } from '../documents.js';
import type { DownloadedFile } from '../download.js';
import { type AdvisoryRecords, documentsSource } from '../record-source.js';
import { type FeedSource, type FetchedFeed, type SyncTools, withoutSlash } from './feed-source.js';

/** The file of this year also has the older records. */
const firstYear = 2002;
const maxMetaBytes = 16 * 1024;
/** Limit on the records of a year, packed; the largest file has some 30 MB. */
const maxYearBytes = 1024 * 1024 * 1024;
/** Limit on the files of a folder of corrections, of which there are some 40,000. */
const maxCorrections = 1_000_000;

const feedName = 'NVD';
const yearFile = /^nvdcve-2\.0-(?:\d{4}|modified|recent)\.json(?:\.gz)?$/;

/** Records of NVD about programs, in one file for each year; corrections of them are imported. */
export const nvd: FeedSource = {
  name: 'nvd',
  content: "NVD's files of the years: `nvdcve-2.0-YEAR.meta`, `nvdcve-2.0-YEAR.json.gz`",
  publicUrl: 'https://nvd.nist.gov/feeds/json/cve/2.0',
  isUsual: true,
  index: 'nvdcve-2.0-YEAR.meta',
  feeds: async (url) => [{ name: feedName, url, fetch: async (before, tools) => fetchYears(url, before?.etag, tools) }],
  inFolder: async (folder) => {
    const names = await readdir(folder).catch(() => []);
    const years = names.filter((name) => yearFile.test(name)).toSorted();
    const corrections = await correctionsIn(join(folder, 'data'));
    return [
      ...(years.length > 0
        ? [
            records(
              feedName,
              folder,
              years.map((name) => join(folder, name)),
            ),
          ]
        : []),
      ...(corrections.length > 0 ? [records('NVD corrections', folder, corrections)] : []),
    ];
  },
};

function records(name: string, path: string, files: readonly string[]): AdvisoryRecords {
  return documentsSource({ name, path, ecosystem: programEcosystem, isWhole: false, owns: () => true, files });
}

/** Fetches the files whose digests differ from those of the last time, which `state` lists. */
async function fetchYears(
  url: string,
  state: string | null | undefined,
  tools: SyncTools,
): Promise<FetchedFeed | null> {
  const known = new Set((state ?? '').split(' '));
  const years = await yearsAt(url, tools);
  const changed = years.filter((year) => !known.has(stateOf(year)));
  if (changed.length === 0) return null;
  const files: DownloadedFile[] = [];
  const remove = async () => {
    await Promise.all(files.map(async (file) => file.remove()));
  };
  try {
    for (const { year, sha256 } of changed) {
      const name = `nvdcve-2.0-${year}.json.gz`;
      const address = `${withoutSlash(url)}/${name}`;
      const file = (await tools.download({ name: feedName, url: address, maxBytes: maxYearBytes, known: null }))!;
      files.push(file);
      if ((await digestOf(file.path)) !== sha256) {
        throw new InvalidInput('FEED_DIGEST', `${name}: its sha256 is not the one of its .meta`);
      }
    }
  } catch (error) {
    await remove();
    throw error;
  }
  const source = records(
    feedName,
    url,
    files.map(({ path }) => path),
  );
  return { etag: years.map(stateOf).join(' '), lastModified: null, source, remove };
}

interface Year {
  year: number;
  sha256: string;
}

/** A prefix is enough to recognize a change; the whole digest is checked with the file. */
function stateOf({ year, sha256 }: Year): string {
  return `${year}:${sha256.slice(0, 16)}`;
}

/** Years that the server has; the current one may be missing on its first days. */
async function yearsAt(url: string, { download }: SyncTools): Promise<Year[]> {
  const years: Year[] = [];
  for (let year = firstYear; year <= new Date().getUTCFullYear(); year += 1) {
    const address = `${withoutSlash(url)}/nvdcve-2.0-${year}.meta`;
    const file = await download({ name: null, url: address, maxBytes: maxMetaBytes, known: null }).catch(missing);
    if (!file) continue;
    const [, sha256] = /^sha256:([0-9a-f]{64})\s*$/im.exec(await readFile(file.path, 'utf8')) ?? [];
    await file.remove();
    if (sha256 === undefined) throw new InvalidInput('FEED_INDEX', `nvdcve-2.0-${year}.meta has no sha256`);
    years.push({ year, sha256: sha256.toLowerCase() });
  }
  if (years.length === 0) throw new NotFound('FEED_MISSING', 'the server has no file of any year');
  return years;
}

function missing(error: unknown): null {
  if (error instanceof NotFound) return null;
  throw error;
}

/** Digest of the decompressed file, which is what NVD states. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readDocument(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** Files of nvd-data-overrides: `data/2024/CVE-2024-0001.json`. */
async function correctionsIn(data: string): Promise<string[]> {
  const years = (await readdir(data).catch(() => [])).filter((name) => /^(?:19|20)\d\d$/.test(name)).toSorted();
  const files: string[] = [];
  for (const year of years) {
    if (!(await stat(join(data, year))).isDirectory()) continue;
    const names = (await readdir(join(data, year))).filter((name) => /^CVE-\d{4}-\d{4,19}\.json$/.test(name));
    files.push(...names.toSorted().map((name) => join(data, year, name)));
    if (files.length > maxCorrections) throw new InvalidInput('FEED_INDEX', `more than ${maxCorrections} corrections`);
  }
  return files;
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { AdvisoryFeed, AdvisoryFormat, AdvisoryItem } from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded, NotFound } from '@tidewaiter/domain';

import { formatOf, readDocument } from '../documents.js';
import type { DownloadedFile } from '../download.js';
import type { AdvisoryRecords } from '../record-source.js';
import { tarFiles } from '../tar-files.js';
import { type FeedSource, type FetchedFeed, type SyncTools, withoutSlash } from './feed-source.js';

const changesFile = 'changes.csv';
const deletionsFile = 'deletions.csv';

const maxListBytes = 64 * 1024 * 1024;
const maxDocumentBytes = 128 * 1024 * 1024;
const maxArchiveBytes = 8 * 1024 * 1024 * 1024;
/** Limit on an archive without its compression. */
const maxUnpackedBytes = 64 * 1024 * 1024 * 1024;
/** Number of changes above which the whole archive is fetched, if there is one. */
const maxSingleChanges = 5_000;
/** Number of documents of a folder by which its publisher is recognized. */
const firstDocuments = 10;

/** Archive of all documents of a feed. */
export interface VexArchive {
  url: string;
  /** Changes from then on may be missing in it, ISO 8601; null if the time of the file says it. */
  since: string | null;
}

/** Feed of CSAF VEX documents, one for each CVE, with lists of what changed and was deleted. */
export interface VexFeed {
  /** Name of the feed: `Red Hat VEX`. */
  name: string;
  format: AdvisoryFormat;
  /** Start of the ids of its records, before the CVE. */
  idPrefix: string;
  /** Path of a document in the feed. */
  documentPath: RegExp;
  /**
   * Its archive at the address of the feed.
   * @throws NotFound
   */
  archive: (url: string, tools: SyncTools) => Promise<VexArchive>;
}

/** Feed in the layout of CSAF's directories. @see CSAF 2.0, section 7.1.13, `changes.csv` */
export function vexFeed(feed: VexFeed): Pick<FeedSource, 'index' | 'feeds' | 'inFolder'> {
  const { name } = feed;
  return {
    index: changesFile,
    feeds: async (url) => [{ name, url, fetch: async (before, tools) => fetchChanges(feed, url, before, tools) }],
    inFolder: async (folder) => {
      const isFile = async (path: string) => (await stat(join(folder, path)).catch(() => undefined))?.isFile() ?? false;
      if (!(await isOfFeed(feed, folder))) return [];
      const deletions = (await isFile(deletionsFile)) ? await readFile(join(folder, deletionsFile), 'utf8') : '';
      const records = async function* (): AsyncGenerator<AdvisoryItem> {
        for await (const path of documentsIn(feed, folder))
          yield* itemsOf(feed, path, readDocument(join(folder, path)));
      };
      return [sourceOf(feed, folder, deletions, records)];
    },
  };
}

function sourceOf(
  feed: VexFeed,
  path: string,
  deletions: string,
  records: AdvisoryRecords['records'],
): AdvisoryRecords {
  const { name, format, idPrefix } = feed;
  const { ecosystem, owns } = format;
  const gone = rowsOf(feed, deletions, deletionsFile).map(
    (row) => `${idPrefix}${basename(row.path, '.json').toUpperCase()}`,
  );
  return { kind: 'records', name, path, ecosystem, isWhole: false, owns, gone, records };
}

async function fetchChanges(
  feed: VexFeed,
  url: string,
  before: AdvisoryFeed | null,
  tools: SyncTools,
): Promise<FetchedFeed | null> {
  const changes = rowsOf(feed, await textAt(url, changesFile, tools), changesFile);
  const newest = changes
    .map(({ at }) => at)
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new InvalidInput('FEED_INDEX', `${changesFile} is empty`);
  const since = before?.lastModified ?? null;
  const fresh = changes.filter(({ at }) => since === null || at > since);
  if (fresh.length === 0) return null;
  const deletions = await optional(async () => textAt(url, deletionsFile, tools));
  const archive =
    since === null || fresh.length > maxSingleChanges
      ? await optional(async () => feed.archive(url, tools))
      : undefined;
  const { name } = feed;
  const records = async function* (): AsyncGenerator<AdvisoryItem> {
    let from = '';
    if (archive) {
      const request = { name, url: archive.url, maxBytes: maxArchiveBytes, known: null };
      const file = await optional(async () => tools.download(request));
      // The archive of a day may lack changes of that day.
      if (file) from = archive.since ?? timeOf(file.lastModified) ?? newest;
      if (file) yield* archived(feed, file);
    }
    for (const { path, at } of fresh) if (at >= from) yield* documentAt(feed, url, path, tools);
  };
  return {
    etag: null,
    lastModified: newest,
    source: sourceOf(feed, url, deletions ?? '', records),
    remove: async () => undefined,
  };
}

async function* archived(feed: VexFeed, file: DownloadedFile): AsyncGenerator<AdvisoryItem> {
  try {
    for await (const { name: path, content } of tarFiles(readDocument(file.path, maxUnpackedBytes))) {
      const own = path.replace(/^\.\//, '');
      const inner = [own, own.slice(own.indexOf('/') + 1)].find((each) => feed.documentPath.test(each));
      if (inner !== undefined) yield* itemsOf(feed, inner, only(content));
    }
  } finally {
    await file.remove();
  }
}

/** Time of an HTTP header, ISO 8601. */
function timeOf(header: string | null): string | undefined {
  const at = new Date(header ?? '');
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

async function* documentAt(feed: VexFeed, url: string, path: string, tools: SyncTools): AsyncGenerator<AdvisoryItem> {
  const request = { name: null, url: `${withoutSlash(url)}/${path}`, maxBytes: maxDocumentBytes, known: null };
  let file;
  try {
    file = (await tools.download(request))!;
  } catch (error) {
    // A document that was deleted or is broken costs itself, not the others.
    if (!(error instanceof NotFound || error instanceof LimitExceeded)) throw error;
    yield { name: path, error };
    return;
  }
  try {
    yield* itemsOf(feed, path, readDocument(file.path));
  } finally {
    await file.remove();
  }
}

async function* itemsOf(
  { format }: VexFeed,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<AdvisoryItem> {
  try {
    yield* format.read({ name: path, bytes });
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
    yield { name: path, error };
  }
}

async function* only(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Rows like `"2024/cve-2024-1597.json","2026-08-04T17:40:45+00:00"`; the time in UTC. */
function rowsOf({ documentPath }: VexFeed, text: string, file: string): { path: string; at: string }[] {
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    const [, path, time] = /^"?([^",]{1,200})"?,"?([^",]{1,40})"?$/.exec(line.trim()) ?? [];
    const at = new Date(time ?? '');
    if (path === undefined || Number.isNaN(at.getTime())) throw new InvalidInput('FEED_INDEX', `${file}: a broken row`);
    return documentPath.test(path) ? [{ path, at: at.toISOString() }] : [];
  });
}

export async function textAt(url: string, path: string, { download }: SyncTools): Promise<string> {
  const file = (await download({
    name: null,
    url: `${withoutSlash(url)}/${path}`,
    maxBytes: maxListBytes,
    known: null,
  }))!;
  try {
    return await readFile(file.path, 'utf8');
  } finally {
    await file.remove();
  }
}

async function optional<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Whether one of the first documents is of the feed, should others be broken. */
async function isOfFeed(feed: VexFeed, folder: string): Promise<boolean> {
  let left = firstDocuments;
  for await (const path of documentsIn(feed, folder)) {
    if ((await formatOf(join(folder, path))) === feed.format) return true;
    left -= 1;
    if (left === 0) break;
  }
  return false;
}

/** Documents of a folder, by their paths in it: in folders of years, or side by side. */
async function* documentsIn({ documentPath }: VexFeed, folder: string): AsyncGenerator<string, undefined> {
  const names = (await readdir(folder)).toSorted();
  for (const name of names) {
    if (documentPath.test(name)) yield name;
    if (!/^\d{4}$/.test(name)) continue;
    for (const file of (await readdir(join(folder, name))).toSorted()) {
      if (documentPath.test(`${name}/${file}`)) yield `${name}/${file}`;
    }
  }
}

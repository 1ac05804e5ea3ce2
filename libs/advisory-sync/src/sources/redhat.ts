import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type AdvisoryFeed, type AdvisoryItem, redHatVex } from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded, NotFound } from '@tidewaiter/domain';

import { readDocument } from '../documents.js';
import type { AdvisoryRecords } from '../record-source.js';
import { tarFiles } from '../tar-files.js';
import { type FeedSource, type FetchedFeed, type SyncTools, withoutSlash } from './feed-source.js';

const name = 'Red Hat VEX';
const ecosystem = 'Red Hat';
const changesFile = 'changes.csv';
const deletionsFile = 'deletions.csv';
const archiveFile = 'archive_latest.txt';

const maxListBytes = 64 * 1024 * 1024;
const maxDocumentBytes = 128 * 1024 * 1024;
const maxArchiveBytes = 8 * 1024 * 1024 * 1024;
/** Number of changes above which the whole archive is fetched, if there is one. */
const maxSingleChanges = 5_000;

const documentPath = /^\d{4}\/cve-\d{4}-\d{4,19}\.json$/;

/** Red Hat's own statements, as CSAF VEX documents: the old feed and the new one of 2026. */
export const redhat: FeedSource = {
  name: 'redhat',
  content: "Red Hat's CSAF VEX: `changes.csv`, `deletions.csv`, an archive, a document for each CVE",
  publicUrl: 'https://security.access.redhat.com/data/csaf/v2/vex',
  isUsual: false,
  index: changesFile,
  feeds: async (url) => [{ name, url, fetch: async (before, tools) => fetchChanges(url, before, tools) }],
  inFolder: async (folder) => {
    const isFile = async (path: string) => (await stat(join(folder, path)).catch(() => undefined))?.isFile() ?? false;
    if (!(await isFile(changesFile)) || !(await hasYears(folder))) return [];
    const deletions = (await isFile(deletionsFile)) ? await readFile(join(folder, deletionsFile), 'utf8') : '';
    const records = async function* (): AsyncGenerator<AdvisoryItem> {
      for await (const path of documentsIn(folder)) yield* itemsOf(path, readDocument(join(folder, path)));
    };
    return [sourceOf(folder, deletions, records)];
  },
};

function sourceOf(path: string, deletions: string, records: AdvisoryRecords['records']): AdvisoryRecords {
  const gone = rowsOf(deletions, deletionsFile).map(({ path: each }) => idOf(each));
  return { kind: 'records', name, path, ecosystem, isWhole: false, owns: redHatVex.owns, gone, records };
}

function idOf(path: string): string {
  return `REDHAT-${path.slice(5, -'.json'.length).toUpperCase()}`;
}

async function fetchChanges(url: string, before: AdvisoryFeed | null, tools: SyncTools): Promise<FetchedFeed | null> {
  const changes = rowsOf(await textAt(url, changesFile, tools), changesFile);
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
      ? await optional(async () => (await textAt(url, archiveFile, tools)).trim())
      : undefined;
  const day = /^[\w.-]{1,100}?_(\d{4}-\d{2}-\d{2})\.tar\.zst$/.exec(archive ?? '')?.[1];
  if (archive !== undefined && day === undefined)
    throw new InvalidInput('FEED_INDEX', `${archiveFile} names no archive`);
  // The archive of a day may lack changes of that day.
  const single = day === undefined ? fresh : fresh.filter(({ at }) => at >= day);
  const records = async function* (): AsyncGenerator<AdvisoryItem> {
    if (archive !== undefined) yield* archived(url, archive, tools);
    for (const { path } of single) yield* documentAt(url, path, tools);
  };
  return {
    etag: null,
    lastModified: newest,
    source: sourceOf(url, deletions ?? '', records),
    remove: async () => undefined,
  };
}

async function* archived(url: string, archive: string, tools: SyncTools): AsyncGenerator<AdvisoryItem> {
  const request = { name, url: `${withoutSlash(url)}/${archive}`, maxBytes: maxArchiveBytes, known: null };
  const file = (await tools.download(request))!;
  try {
    for await (const { name: path, content } of tarFiles(readDocument(file.path))) {
      const inner = path.replace(/^(?:\.\/)?(?:[^/]{1,100}\/)?(?=\d{4}\/)/, '');
      if (documentPath.test(inner)) yield* itemsOf(inner, only(content));
    }
  } finally {
    await file.remove();
  }
}

async function* documentAt(url: string, path: string, tools: SyncTools): AsyncGenerator<AdvisoryItem> {
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
    yield* itemsOf(path, readDocument(file.path));
  } finally {
    await file.remove();
  }
}

async function* itemsOf(path: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<AdvisoryItem> {
  try {
    yield* redHatVex.read({ name: path, bytes });
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
    yield { name: path, error };
  }
}

async function* only(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Rows like `"2024/cve-2024-1597.json","2026-08-04T17:40:45+00:00"`; the time in UTC. */
function rowsOf(text: string, file: string): { path: string; at: string }[] {
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    const [, path, time] = /^"?([^",]{1,200})"?,"?([^",]{1,40})"?$/.exec(line.trim()) ?? [];
    const at = new Date(time ?? '');
    if (path === undefined || Number.isNaN(at.getTime())) throw new InvalidInput('FEED_INDEX', `${file}: a broken row`);
    return documentPath.test(path) ? [{ path, at: at.toISOString() }] : [];
  });
}

async function textAt(url: string, path: string, { download }: SyncTools): Promise<string> {
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

async function hasYears(folder: string): Promise<boolean> {
  return (await readdir(folder)).some((entry) => /^\d{4}$/.test(entry));
}

/** Documents of a folder, by their paths in it. */
async function* documentsIn(folder: string): AsyncGenerator<string> {
  const years = (await readdir(folder)).filter((entry) => /^\d{4}$/.test(entry)).toSorted();
  for (const year of years) {
    for (const file of (await readdir(join(folder, year))).toSorted()) {
      if (documentPath.test(`${year}/${file}`)) yield `${year}/${file}`;
    }
  }
}

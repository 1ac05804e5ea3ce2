import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { kevListOfHead } from '@tidewaiter/advisories';
import { NotFound } from '@tidewaiter/domain';

import { formatOf } from './documents.js';
import {
  type AdvisorySource,
  archive,
  archiveName,
  documentSource,
  type FactSource,
  jsonRecords,
  type KevSource,
} from './record-source.js';
import { feedSources } from './sources/sources.js';

const kevName = /^(kev|known_exploited_vulnerabilities)\.json$/;
/** OSV ids, of which a folder may hold a hundred thousand: `CVE-2026-1.json`, `GHSA-….json`. */
const recordName = /^(?!KEV)[A-Z][A-Za-z]*-\D*\d.*\.json$/;
const headBytes = 16 * 1024;
const epssName = /^epss[^/]*\.csv(\.gz)?$/;
/** Files that may be of another format than OSV's, which is recognized by content. */
const documentName = /\.(?:xml|json\.(?:gz|bz2|zst)|xml\.(?:gz|bz2|zst))$/;

/**
 * Finds the sources at a path: an archive of the OSV bucket, a folder of such archives, a folder of
 * records, one record, a file of another format, or a folder in the layout of a publisher's server,
 * also one level below; and, alone or beside any of them, lists of exploited vulnerabilities,
 * recognized by their content, the products of endoflife.date, likewise, and `epss.csv[.gz]`.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function advisorySources(path: string): Promise<AdvisorySource[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new NotFound('ADVISORIES_MISSING', `${path}: there is no such file or folder`);
  return found.isDirectory() ? folderSources(path) : [await fileSource(path)];
}

async function fileSource(path: string): Promise<AdvisorySource> {
  const name = basename(path);
  const known = await factSource(path);
  if (known) return known;
  if (name.endsWith('.csv') || name.endsWith('.csv.gz')) return { kind: 'epss', name, path };
  const format = recordName.test(name) || name.endsWith('.zip') ? undefined : await formatOf(path);
  if (format) return documentSource(path, format);
  return name.endsWith('.json') ? jsonRecords(dirname(path), [name]) : archive(path);
}

async function factSource(path: string): Promise<FactSource | KevSource | undefined> {
  const name = basename(path);
  if (epssName.test(name)) return { kind: 'epss', name, path };
  if (!name.endsWith('.json') || recordName.test(name)) return undefined;
  const head = await headOf(path);
  const list = kevListOfHead(head) ?? (kevName.test(name) ? 'CISA' : undefined);
  if (list) return { kind: 'kev', list, name, path };
  const kind = kindOfHead(head);
  return kind && { kind, name, path };
}

async function headOf(path: string): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(headBytes) });
  return buffer.toString('utf8', 0, bytesRead);
}

/** Kind of a file of any name, by its start. */
function kindOfHead(head: string): FactSource['kind'] | undefined {
  if (/"releases"\s*:\s*\[/.test(head) && /"(?:isEol|securitySupportEnds)"\s*:/.test(head)) return 'end-of-life';
  if (/"cpes"\s*:\s*\[/.test(head) && /^\s*\{\s*"(?:data|last_updated)"\s*:/.test(head)) return 'repositories';
  return undefined;
}

async function folderSources(path: string): Promise<AdvisorySource[]> {
  const laidOut = await layoutSources(path);
  if (laidOut.length > 0) return laidOut;
  const entries = (await readdir(path, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
  const sources: AdvisorySource[] = files.includes(archiveName) ? [archive(join(path, archiveName))] : [];
  for (const folder of folders) {
    const inner = join(folder, archiveName);
    if ((await stat(inner).catch(() => undefined))?.isFile()) sources.push(archive(inner));
  }
  sources.push(...(await looseSources(path, files)));
  for (const folder of folders) sources.push(...(await layoutSources(folder)));
  if (sources.length > 0) return sources;
  throw new NotFound('ADVISORIES_MISSING', `${path}: neither ${archiveName} nor .json records in it`);
}

/** Sources of the files of a folder, each recognized by itself. */
async function looseSources(path: string, files: readonly string[]): Promise<AdvisorySource[]> {
  const sources: AdvisorySource[] = [];
  const facts = [];
  const records = [];
  for (const name of files) {
    const known = await factSource(join(path, name));
    const mayBeDocument = !recordName.test(name) && (name.endsWith('.json') || documentName.test(name));
    const format = known || !mayBeDocument ? undefined : await formatOf(join(path, name));
    if (known) facts.push(known);
    else if (format) sources.push(documentSource(join(path, name), format));
    else if (name.endsWith('.json')) records.push(name);
  }
  if (records.length > 0) sources.push(jsonRecords(path, records));
  return [...sources, ...facts];
}

/** Sources of a folder in the layout of a publisher's server. */
async function layoutSources(folder: string): Promise<AdvisorySource[]> {
  const found = await Promise.all(feedSources.map(async ({ inFolder }) => inFolder?.(folder) ?? []));
  return found.flat();
}

import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { type OsvZipItem, readOsvZip } from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded, NotFound, TidewaiterError } from '@tidewaiter/domain';

/** OSV records that are read together. */
export interface OsvSource {
  kind: 'osv';
  /** Ecosystem, as in the folders of the OSV bucket; else the end of the path. */
  name: string;
  path: string;
  /** Whether these are all records of the ecosystem: missing ones were deleted. */
  isWhole: boolean;
  records(): AsyncIterable<OsvZipItem>;
}

/** File with CISA's catalog or FIRST's scores. */
export interface ExploitationSource {
  kind: 'kev' | 'epss';
  name: string;
  path: string;
}

export type AdvisorySource = OsvSource | ExploitationSource;

const archiveName = 'all.zip';
const maxRecordBytes = 16 * 1024 * 1024;

const kevName = /^(kev|known_exploited_vulnerabilities)\.json$/;
/** OSV ids, of which a folder may hold a hundred thousand: `CVE-2026-1.json`, `GHSA-….json`. */
const recordName = /^(?!KEV)[A-Z][A-Za-z]*-\D*\d.*\.json$/;
const headBytes = 16 * 1024;
const epssName = /^epss[^/]*\.csv(\.gz)?$/;

/**
 * Finds the sources at a path: an archive of the OSV bucket, a folder of such archives, a folder of
 * records, one record, and, alone or beside any of them, CISA's catalog, recognized by its content,
 * and `epss.csv[.gz]`.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function advisorySources(path: string): Promise<AdvisorySource[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new NotFound('ADVISORIES_MISSING', `${path}: there is no such file or folder`);
  return found.isDirectory() ? folderSources(path) : [await fileSource(path)];
}

async function fileSource(path: string): Promise<AdvisorySource> {
  const name = basename(path);
  const known = await exploitationSource(path);
  if (known) return known;
  if (name.endsWith('.csv') || name.endsWith('.csv.gz')) return { kind: 'epss', name, path };
  return name.endsWith('.json') ? records(dirname(path), [name]) : archive(path);
}

async function exploitationSource(path: string): Promise<ExploitationSource | undefined> {
  const name = basename(path);
  if (kevName.test(name) || (name.endsWith('.json') && !recordName.test(name) && (await isKevCatalog(path))))
    return { kind: 'kev', name, path };
  return epssName.test(name) ? { kind: 'epss', name, path } : undefined;
}

/** Recognizes CISA's catalog by its start, under any file name. */
async function isKevCatalog(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(headBytes) });
  const head = buffer.toString('utf8', 0, bytesRead);
  return /"catalogVersion"\s*:/.test(head) && /"vulnerabilities"\s*:\s*\[/.test(head);
}

async function folderSources(path: string): Promise<AdvisorySource[]> {
  const entries = (await readdir(path, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const sources: AdvisorySource[] = files.includes(archiveName) ? [archive(join(path, archiveName))] : [];
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const inner = join(path, name, archiveName);
    if ((await stat(inner).catch(() => undefined))?.isFile()) sources.push(archive(inner));
  }
  const exploitation = [];
  for (const name of files) {
    const source = await exploitationSource(join(path, name));
    if (source) exploitation.push(source);
  }
  const named = new Set(exploitation.map(({ name }) => name));
  const loose = files.filter((name) => name.endsWith('.json') && !named.has(name));
  if (loose.length > 0) sources.push(records(path, loose));
  sources.push(...exploitation);
  if (sources.length > 0) return sources;
  throw new NotFound('ADVISORIES_MISSING', `${path}: neither ${archiveName} nor .json records in it`);
}

/** An `all.zip` contains the ecosystem that its folder is named after. */
export function archive(path: string, named?: string): OsvSource {
  const isOfBucket = basename(path) === archiveName;
  return {
    kind: 'osv',
    name: named ?? (isOfBucket ? basename(dirname(resolve(path))) : basename(path)),
    path,
    isWhole: named !== undefined || isOfBucket,
    async *records() {
      await using file = await open(path);
      yield* readOsvZip(file, (await file.stat()).size);
    },
  };
}

function records(folder: string, files: readonly string[]): OsvSource {
  return {
    kind: 'osv',
    name: basename(resolve(folder)),
    path: folder,
    isWhole: false,
    async *records() {
      for (const name of files) yield readRecord(folder, name);
    },
  };
}

async function readRecord(folder: string, name: string): Promise<OsvZipItem> {
  const path = join(folder, name);
  try {
    if ((await stat(path)).size > maxRecordBytes) {
      throw new LimitExceeded('maxRecordBytes', `the record has more than ${maxRecordBytes} bytes`);
    }
    const text = await readFile(path, 'utf8');
    return { name, json: JSON.parse(text), sizeBytes: Buffer.byteLength(text) };
  } catch (cause) {
    if (cause instanceof TidewaiterError) return { name, error: cause };
    if (cause instanceof SyntaxError) return { name, error: new InvalidInput('OSV_RECORD', 'not JSON', { cause }) };
    throw cause;
  }
}

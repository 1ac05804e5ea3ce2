import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import type { OsvZipItem } from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded, NotFound, TidewaiterError } from '@tidewaiter/domain';

/** Records that are imported together. */
export interface AdvisorySource {
  /** The ecosystem, as the OSV bucket names its folders; else what the path ends in. */
  name: string;
  records(): AsyncIterable<OsvZipItem>;
}

const archiveName = 'all.zip';
const maxRecordBytes = 16 * 1024 * 1024;

/**
 * What a path stands for: an archive, a folder of archives like the OSV bucket, or a folder of records.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function advisorySources(path: string): Promise<AdvisorySource[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new NotFound('ADVISORIES_MISSING', `${path}: there is no such file or folder`);
  if (!found.isDirectory()) return [path.endsWith('.json') ? records(dirname(path), [basename(path)]) : archive(path)];
  const entries = await readdir(path, { withFileTypes: true });
  const sources: AdvisorySource[] = [];
  if (entries.some((entry) => entry.name === archiveName)) sources.push(archive(join(path, archiveName)));
  for (const { name } of entries.filter((entry) => entry.isDirectory()).toSorted(byName)) {
    const inner = join(path, name, archiveName);
    if ((await stat(inner).catch(() => undefined))?.isFile()) sources.push(archive(inner));
  }
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json')).toSorted(byName);
  if (files.length > 0)
    sources.push(
      records(
        path,
        files.map(({ name }) => name),
      ),
    );
  if (sources.length === 0)
    throw new NotFound('ADVISORIES_MISSING', `${path}: neither ${archiveName} nor .json records in it`);
  return sources;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function archive(path: string): AdvisorySource {
  const name = basename(path) === archiveName ? basename(dirname(resolve(path))) : basename(path);
  return {
    name,
    async *records() {
      const { readOsvZip } = await import('@tidewaiter/advisories');
      await using file = await open(path);
      yield* readOsvZip(file, (await file.stat()).size);
    },
  };
}

function records(folder: string, files: readonly string[]): AdvisorySource {
  return {
    name: basename(resolve(folder)),
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
    return { name, json: JSON.parse(await readFile(path, 'utf8')) };
  } catch (cause) {
    if (cause instanceof TidewaiterError) return { name, error: cause };
    if (cause instanceof SyntaxError) return { name, error: new InvalidInput('OSV_RECORD', 'not JSON', { cause }) };
    throw cause;
  }
}

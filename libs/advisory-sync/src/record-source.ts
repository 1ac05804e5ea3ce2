import { open, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import {
  type AdvisoryFormat,
  type AdvisoryItem,
  isOfFormat,
  type KevList,
  type OsvZipItem,
  readOsvZip,
} from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded, TidewaiterError } from '@tidewaiter/domain';

import { formatOf, readDocument } from './documents.js';

/** Record in OSV's schema, or of a format that was already read into its model. */
export type RecordItem = OsvZipItem | AdvisoryItem;

/** Records that are read together. */
export interface AdvisoryRecords {
  kind: 'records';
  /** Ecosystem, as in the folders of the OSV bucket; else the end of the path. */
  name: string;
  path: string;
  /** Ecosystem whose records these are, if they are those of one. */
  ecosystem: string | null;
  /** Whether these are all records of the ecosystem from their publisher: others were deleted. */
  isWhole: boolean;
  /** Whether a record of the ecosystem, by its id, is of this publisher. */
  owns: (id: string) => boolean;
  /** Ids that the publisher lists as deleted. */
  gone?: readonly string[];
  records(): AsyncIterable<RecordItem>;
}

/**
 * File with facts beside advisories: FIRST's scores, ends of support, the map of
 * Red Hat's repositories.
 */
export interface FactSource {
  kind: 'epss' | 'end-of-life' | 'repositories';
  name: string;
  path: string;
}

/** List of exploited vulnerabilities. */
export interface KevSource {
  kind: 'kev';
  list: KevList;
  name: string;
  path: string;
}

export type AdvisorySource = AdvisoryRecords | FactSource | KevSource;

export const archiveName = 'all.zip';
const maxRecordBytes = 16 * 1024 * 1024;

/** An `all.zip` contains the ecosystem that its folder is named after. */
export function archive(path: string, named?: string): AdvisoryRecords {
  const isOfBucket = basename(path) === archiveName;
  const name = named ?? (isOfBucket ? basename(dirname(resolve(path))) : basename(path));
  const isWhole = named !== undefined || isOfBucket;
  return {
    ...{ kind: 'records', name, path, isWhole },
    ecosystem: isWhole ? name : null,
    owns: (id) => !isOfFormat(id),
    async *records() {
      await using file = await open(path);
      yield* readOsvZip(file, (await file.stat()).size);
    },
  };
}

/** Files of records in OSV's schema, one in each. */
export function jsonRecords(folder: string, files: readonly string[]): AdvisoryRecords {
  return {
    ...{ kind: 'records', name: basename(resolve(folder)), path: folder, ecosystem: null, isWhole: false },
    owns: (id) => !isOfFormat(id),
    async *records() {
      for (const name of files) yield readRecord(folder, name);
    },
  };
}

/** Files of other formats, each recognized by its content. */
export function documentsSource({
  files,
  ...source
}: Omit<AdvisoryRecords, 'kind' | 'records'> & { files: readonly string[] }): AdvisoryRecords {
  return {
    ...source,
    kind: 'records',
    async *records() {
      for (const path of files) {
        const format = await formatOf(path);
        if (!format) throw new InvalidInput('FEED_FORMAT', `${basename(path)} has none of the known formats`);
        const changedAt = (await stat(path)).mtime.toISOString();
        yield* format.read({ name: basename(path), bytes: readDocument(path), changedAt });
      }
    },
  };
}

/** One file of a format, which may be a part of what its publisher has. */
export function documentSource(path: string, { ecosystem, owns }: AdvisoryFormat): AdvisoryRecords {
  return documentsSource({ name: basename(path), path, ecosystem, isWhole: false, owns, files: [path] });
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

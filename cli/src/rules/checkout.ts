import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';

import { InvalidInput, LimitExceeded, NotFound, TidewaiterError } from '@tidewaiter/domain';
import { decompress, indexArchive, layerLimits } from '@tidewaiter/oci';
import { readRuleFiles } from '@tidewaiter/rule-files';
import type { RuleFile } from '@tidewaiter/sigma';
import { fromBufferPromise } from 'yauzl';

/**
 * Files of rules and the licenses beside them, with paths that stay below the folder into which
 * they are copied.
 */
export interface Checkout {
  rules: RuleFile[];
  licenses: RuleFile[];
}

/** SigmaHQ has 30 MB. */
const maxArchiveBytes = 512 * 1024 * 1024;
const maxFileBytes = 1024 * 1024;
const maxFiles = 50_000;

/**
 * @throws NotFound `RULES_MISSING`; InvalidInput `ARCHIVE_INVALID` and LimitExceeded of a broken or
 * hostile archive
 */
export async function readCheckout(path: string): Promise<Checkout> {
  const named = isFolder(path) ? await fromFolder(path) : withoutCommonFolder(await fromArchive(path));
  const rules = named.filter(({ path: name }) => /\.ya?ml$/i.test(name));
  // SigmaHQ's own folders of rules, beside deprecated ones, tests and tools; any other folder is
  // taken as it is.
  const ofSigmaHq = rules.filter(({ path: name }) => /^rules(?:-[\w-]+)?\//.test(name));
  return {
    rules: ofSigmaHq.length > 0 ? ofSigmaHq : rules,
    licenses: named.filter(({ path: name }) => isLicense(name)),
  };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new NotFound('RULES_MISSING', `cannot read ${path}`, { cause });
  }
}

async function fromFolder(path: string): Promise<RuleFile[]> {
  const licenses = readdirSync(path).filter((name) => isLicense(name) && statSync(join(path, name)).isFile());
  const files = await readRuleFiles([path, ...licenses.map((name) => join(path, name))]);
  return files.map(({ path: file, text }) => ({ path: relative(path, file), text }));
}

async function fromArchive(path: string): Promise<RuleFile[]> {
  if (statSync(path).size > maxArchiveBytes)
    throw new LimitExceeded('maxArchiveBytes', `${path} has more than ${maxArchiveBytes} bytes`);
  const bytes = await readFile(path);
  try {
    return bytes.toString('latin1', 0, 2) === 'PK' ? await fromZip(bytes) : await fromTar(bytes);
  } catch (cause) {
    if (cause instanceof TidewaiterError) throw cause;
    throw new InvalidInput('ARCHIVE_INVALID', `${path} cannot be read as an archive`, { cause });
  }
}

async function fromTar(packed: Buffer): Promise<RuleFile[]> {
  const bytes = await gathered((await decompress(Readable.from([packed]), layerLimits)).chunks);
  const files = [...(await indexArchive(Readable.from([bytes])))].filter(([path]) => isWanted(path));
  return files.map(([path, { offset, size }]) => ({ path, text: textOf(bytes.subarray(offset, offset + size), path) }));
}

async function fromZip(bytes: Buffer): Promise<RuleFile[]> {
  const files: RuleFile[] = [];
  const zip = await fromBufferPromise(bytes, { lazyEntries: true });
  // Names that climb or begin at the root end the reading.
  for await (const entry of zip.eachEntry()) {
    if (!isWanted(entry.fileName)) continue;
    if (files.length === maxFiles) throw new LimitExceeded('maxFiles', `more than ${maxFiles} files`);
    if (entry.uncompressedSize > maxFileBytes) throw tooLarge(entry.fileName);
    files.push({
      path: entry.fileName,
      text: textOf(await gathered(await zip.openReadStreamPromise(entry)), entry.fileName),
    });
  }
  return files;
}

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > maxArchiveBytes)
      throw new LimitExceeded('maxArchiveBytes', `more than ${maxArchiveBytes} bytes unpacked`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

function textOf(bytes: Buffer, path: string): string {
  if (bytes.length > maxFileBytes) throw tooLarge(path);
  return bytes.toString('utf8');
}

function tooLarge(path: string): LimitExceeded {
  return new LimitExceeded('maxFileBytes', `${path} has more than ${maxFileBytes} bytes`);
}

function isWanted(path: string): boolean {
  return /\.ya?ml$/i.test(path) || isLicense(path.slice(path.lastIndexOf('/') + 1));
}

function isLicense(name: string): boolean {
  return /^LICENSE[\w.-]*$/i.test(name);
}

/** An archive of a repository has everything in one folder, whose name says which commit it is. */
function withoutCommonFolder(files: readonly RuleFile[]): RuleFile[] {
  const [first = ''] = files[0]?.path.split('/') ?? [];
  const isCommon = files.every(({ path }) => path.startsWith(`${first}/`)) && !/^rules/.test(first);
  return isCommon ? files.map(({ path, text }) => ({ path: path.slice(first.length + 1), text })) : [...files];
}

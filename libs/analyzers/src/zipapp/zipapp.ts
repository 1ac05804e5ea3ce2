import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer, FileFacts, SourceFile } from '../analyzer.js';
import { attachedEntries, mayBeApplication } from '../attached-archive.js';
import { collectPackages } from '../package-database.js';
import { isTestData } from '../pypi.js';
import { readDistribution } from '../python-package/python-package.js';
import { type ZipEntry, zipEntries } from '../zip.js';

const metadata = /(?:^|\/)(?:[^/]{1,255}\.dist-info\/METADATA|[^/]{1,255}\.egg-info\/PKG-INFO|EGG-INFO\/PKG-INFO)$/;
const localSignature = 'PK\u0003\u0004';
const zipByte = 0x50;

/** Longer metadata has a description; a text beyond this limit is none. */
const maxMetadataBytes = 4 << 20;
const maxTotalBytes = 256 << 20;

/** Wheels and eggs: installed before they run, or read by their name. */
const published = /\.(?:whl|egg)$/;

/**
 * Distributions in applications that Python runs from one archive: `zipapp`, shiv and PEX. Also in
 * other ZIP archives, as of functions of AWS Lambda. @see
 * https://docs.python.org/3/library/zipapp.html
 */
export const zipapp: Analyzer = {
  name: 'zipapp',
  version: 3,
  maxBytes: Infinity,
  wants: (path, head) => isApplication(path, head) || mayBeApplication(path, head),
  analyze,
};

/** Only such an archive follows its line with the interpreter; a name suffices without one. */
function isApplication(path: string, head: Uint8Array): boolean {
  const isNamed = /\.(?:pyzw?|pex)$/.test(path);
  if (head[0] === 0x50 && head[1] === 0x4b) return isNamed;
  if (head[0] !== 0x23 || head[1] !== 0x21) return false;
  // PEX may begin with a script of some kilobytes that looks for an interpreter.
  if (isNamed) return true;
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const end = text.indexOf('\n');
  return /(?:python|pypy)/.test(text.slice(0, Math.max(end, 0))) && text.startsWith(localSignature, end + 1);
}

const limits = { maxTotalBytes, maxEntryBytes: maxMetadataBytes };

function analyze({ path, content }: SourceFile): FileFacts {
  if (!isApplication(path, content)) {
    const entries = attachedEntries(content, limits);
    const isRead = content[0] === zipByte || entries.some(({ name }) => name === '__main__.py');
    return isRead && !published.test(path) ? distributionsIn(entries, path) : {};
  }
  if (!content.includes(localSignature, 0, 'latin1')) {
    if (content[0] === 0x23) return {};
    throw new MalformedFile('application of Python that is no archive');
  }
  return distributionsIn(zipEntries(content, limits), path);
}

function distributionsIn(entries: readonly ZipEntry[], path: string): FileFacts {
  const described = entries.filter(({ name }) => metadata.test(name) && !isTestData(name));
  return described.length === 0 ? {} : collectPackages(distributionsOf(described, path));
}

function* distributionsOf(entries: readonly ZipEntry[], path: string) {
  for (const entry of entries) {
    const foundIn = `${path}!/${entry.name}`;
    yield entry.size > maxMetadataBytes ? ('unreadable' as const) : readDistribution(entry.read(), foundIn);
  }
}

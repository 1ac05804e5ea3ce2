import { MalformedFile, type PackageRecord, TidewaiterError } from '@tidewaiter/domain';

import type { Analyzer, FileFacts, SourceFile } from '../analyzer.js';
import { objectOf, parseJson, readText } from '../document.js';
import { installedLibraries } from '../library-package.js';
import { nodePackage } from '../node-package/node-package.js';
import { readManifest } from '../npm-manifest.js';
import { collectPackages } from '../package-database.js';

/** Bytes before the header's text: two sizes of the header, and two of the text. */
const prefixBytes = 16;
const maxHeaderBytes = 64 << 20;
const maxEntries = 500_000;
const noHead = new Uint8Array();

/** File of an archive, by its place in the data behind the header. */
interface AsarEntry {
  path: string;
  offset: number;
  size: number;
}

/**
 * Packages in archives of Electron, which have the `node_modules` of an application. @see
 * https://github.com/electron/asar#format
 */
export const asar: Analyzer = {
  name: 'asar',
  version: 1,
  maxBytes: Infinity,
  wants: (path) => path.endsWith('.asar'),
  analyze,
};

function analyze({ path, content }: SourceFile): FileFacts {
  const { header, dataAt } = readHeader(content);
  return collectPackages(packagesIn(filesOf(header), path, content.subarray(dataAt)));
}

function* packagesIn(
  entries: Iterable<AsarEntry>,
  path: string,
  data: Buffer,
): Generator<PackageRecord | 'unreadable'> {
  for (const { path: name, offset, size } of entries) {
    if (!nodePackage.wants(name, noHead)) continue;
    try {
      const text = readText(data.subarray(offset, offset + size));
      yield* installedLibraries('npm', `${path}!/${name}`, [readManifest(text)]).packages ?? [];
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      yield 'unreadable';
    }
  }
}

function readHeader(content: Buffer): { header: unknown; dataAt: number } {
  if (content.length < prefixBytes || content.readUInt32LE(0) !== 4) throw new MalformedFile('no archive of Electron');
  const dataAt = 8 + content.readUInt32LE(4);
  const textBytes = content.readUInt32LE(12);
  if (prefixBytes + textBytes > Math.min(dataAt, content.length) || textBytes > maxHeaderBytes)
    throw new MalformedFile('archive of Electron without its header');
  return { header: parseJson(content.toString('utf8', prefixBytes, prefixBytes + textBytes)), dataAt };
}

/** Files in the archive; those that are unpacked beside it are files of the image. */
function* filesOf(header: unknown): Generator<AsarEntry> {
  // By a list of its own: folders may be nested more deeply than calls may be.
  const open = [{ path: '', node: objectOf(header) }];
  let entries = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [name, value] of Object.entries(objectOf(next.node['files']))) {
      entries += 1;
      if (entries > maxEntries) throw new MalformedFile(`archive of more than ${maxEntries} files`);
      const node = objectOf(value);
      const path = next.path === '' ? name : `${next.path}/${name}`;
      const { offset, size } = node;
      if (node['files'] !== undefined) open.push({ path, node });
      else if (typeof offset === 'string' && typeof size === 'number') yield { path, offset: Number(offset), size };
    }
  }
}

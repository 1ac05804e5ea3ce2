import { createReadStream, type Dirent, type Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';

import { NotFound } from '@tidewaiter/domain';
import { decodeName, type TreeMember, type Warning } from '@tidewaiter/oci';

import { checkFiles, mayBeChecked } from './folder-checks.js';
import type { SourceKind } from './image-source.js';
import { readChunkBytes } from './location.js';

/** Folders that the kernel generates, in a running root file system. */
const kernelFolders = new Set(['dev', 'proc', 'sys']);

/** `rootfs:DIR`: an unpacked root file system. */
export const rootfs: SourceKind = {
  async open(location) {
    // The root itself may be a link, as `/proc/PID/root` is; links inside it are read as links.
    const root = await stat(location).catch(() => undefined);
    if (!root?.isDirectory()) throw new NotFound('TARGET_MISSING', `${location}: there is no such folder`);
    const warnings: Warning[] = [];
    const checked: string[] = [];
    return {
      digest: null,
      mediaType: null,
      platform: null,
      configDigest: null,
      config: null,
      layers: [],
      tree: () => noting(membersOf(Buffer.from(location), root, warnings), checked),
      fileFindings: async (lifecycles) => checkFiles(location, checked, lifecycles, warnings),
      warnings,
      close: () => Promise.resolve(),
    };
  },
};

/** Notes the files that pass and may have checks. */
async function* noting(members: AsyncIterable<TreeMember>, checked: string[]): AsyncGenerator<TreeMember> {
  for await (const member of members) {
    if (member.flag === '0' && mayBeChecked(member.name)) checked.push(member.name);
    yield member;
  }
}

async function* membersOf(folder: Buffer, root: Stats, warnings: Warning[], above = ''): AsyncGenerator<TreeMember> {
  for (const entry of await entriesOf(folder, above, warnings)) {
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
    const name = `${above}${decodeName(entry.name)}`;
    // The file may have been removed since it was listed.
    const stats = await lstat(path).catch(() => undefined);
    if (!stats || (above === '' && stats.dev !== root.dev && kernelFolders.has(name))) continue;
    const member = await memberOf(path, name, stats, warnings);
    if (member) yield member;
    if (stats.isDirectory()) yield* membersOf(path, root, warnings, `${name}/`);
  }
}

async function entriesOf(folder: Buffer, name: string, warnings: Warning[]): Promise<Dirent<Buffer>[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
    return entries.toSorted((a, b) => Buffer.compare(a.name, b.name));
  } catch {
    warnings.push({ code: 'UNREADABLE', path: name, message: 'folder that may not be read' });
    return [];
  }
}

async function memberOf(
  path: Buffer,
  name: string,
  stats: Stats,
  warnings: Warning[],
): Promise<TreeMember | undefined> {
  const { mode, uid, gid } = stats;
  const flag = flagOf(stats);
  const mtime = Math.max(0, Math.floor(stats.mtimeMs / 1000));
  const member = { name, linkName: '', flag, mode: mode & 0o7777, uid, gid, mtime, size: 0, isSparse: false };
  if (flag === '2') {
    const target = await readlink(path, 'buffer').catch(() => undefined);
    if (target) return { ...member, linkName: decodeName(target) };
    warnings.push({ code: 'UNREADABLE', path: name, message: 'link that cannot be read' });
    return undefined;
  }
  if (flag !== '0') return member;
  return { ...member, size: stats.size, content: contentOf(path, stats.size) };
}

async function* contentOf(path: Buffer, size: number): AsyncGenerator<Buffer> {
  if (size === 0) return;
  try {
    yield* createReadStream(path, { end: size - 1, highWaterMark: readChunkBytes });
  } catch (cause) {
    throw new NotFound('UNREADABLE', 'file that may not be read', { cause });
  }
}

/** Type flag of the file in a tar. */
function flagOf(stats: Stats): string {
  if (stats.isFile()) return '0';
  if (stats.isSymbolicLink()) return '2';
  if (stats.isCharacterDevice()) return '3';
  if (stats.isBlockDevice()) return '4';
  return stats.isDirectory() ? '5' : '6';
}

import { ByteWalk } from './byte-walk.js';
import { layerLimits } from './limits.js';
import { normalizePath } from './paths.js';
import { parseTar, type TarMember } from './tar.js';

/** File in a tar, by its position. */
export interface ArchiveFile {
  /** Byte in the uncompressed tar where the content begins. */
  offset: number;
  size: number;
}

/**
 * Indexes the files of a tar in one pass, so that each can be read later. Links are followed within
 * the archive: old versions of `docker save` write a repeated layer as a link.
 * @param chunks the uncompressed tar
 * @throws as `parseTar`
 */
export async function indexArchive(chunks: AsyncIterable<Uint8Array>): Promise<Map<string, ArchiveFile>> {
  const files = new Map<string, ArchiveFile>();
  const links = new Map<string, string>();
  let base = 0;
  let chunk: Buffer = Buffer.alloc(0);
  let open: { path: string; file: ArchiveFile } | undefined;
  const visitor = {
    start: (member: TarMember) => {
      open = opened(member);
      const path = normalizePath(member.name);
      if (member.flag === '1') links.set(path, normalizePath(member.linkName));
      if (member.flag === '2') links.set(path, normalizePath(`${path}/../${member.linkName}`));
    },
    data: (piece: Buffer) => {
      // Pieces of content are slices of the chunk itself, never copies.
      if (open && open.file.offset < 0) open.file.offset = base + piece.byteOffset - chunk.byteOffset;
    },
    hole: () => undefined,
    end: () => {
      if (open && open.file.offset >= 0) files.set(open.path, open.file);
    },
  };
  const walk = new ByteWalk(parseTar(visitor, layerLimits));
  for await (const next of chunks) {
    chunk = Buffer.from(next.buffer, next.byteOffset, next.byteLength);
    walk.write(chunk);
    base += chunk.length;
  }
  walk.end();
  for (const [path, target] of links) {
    const file = files.get(target);
    if (file) files.set(path, file);
  }
  return files;
}

function opened({ name, flag, size, isSparse }: TarMember): { path: string; file: ArchiveFile } | undefined {
  if (flag !== '0' || isSparse) return undefined;
  return { path: normalizePath(name), file: { offset: -1, size } };
}

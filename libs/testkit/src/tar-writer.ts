/** One entry of a tar that a test builds. */
export interface TarEntry {
  path: string;
  content?: string | Buffer;
  /** `file` by default. */
  type?: 'file' | 'directory' | 'symlink' | 'hardlink';
  linkTarget?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  /** Seconds since 1970; 0 unless given. */
  mtime?: number;
  /** Value of `security.capability`. */
  capabilities?: Buffer;
}

const blockSize = 512;
const flags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;

/**
 * A POSIX tar of the entries in their order, names as they are given; the same entries give the
 * same bytes.
 */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(2 * blockSize)]);
}

function tarEntry(entry: TarEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  return Buffer.concat([extendedHeader(entry), tarHeader(entry, content.length), padded(content)]);
}

function tarHeader(
  { path, type = 'file', linkTarget = '', mode, uid = 0, gid = 0, mtime = 0 }: TarEntry,
  size: number,
): Buffer {
  const header = Buffer.alloc(blockSize);
  Buffer.from(path).copy(header, 0, 0, 100);
  header.write(octal(mode ?? (type === 'directory' ? 0o755 : 0o644), 7), 100);
  header.write(octal(uid, 7), 108);
  header.write(octal(gid, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(mtime, 11), 136);
  header.write(flags[type], 156);
  Buffer.from(linkTarget).copy(header, 157, 0, 100);
  header.write('ustar\u000000', 257, 'latin1');
  return withChecksum(header);
}

/** Puts the right checksum into a header block. */
function withChecksum(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return header;
}

/**
 * PAX header in front, for values that do not fit into the header: names beyond its 100 bytes,
 * capabilities.
 */
function extendedHeader({ path, linkTarget = '', capabilities }: TarEntry): Buffer {
  const payload = Buffer.concat([
    ...(Buffer.byteLength(path) > 100 ? [paxRecord('path', path)] : []),
    ...(Buffer.byteLength(linkTarget) > 100 ? [paxRecord('linkpath', linkTarget)] : []),
    ...(capabilities ? [paxRecord('SCHILY.xattr.security.capability', capabilities)] : []),
  ]);
  if (payload.length === 0) return payload;
  const header = tarHeader({ path: 'PaxHeaders' }, payload.length);
  header.write('x', 156);
  return Buffer.concat([withChecksum(header), padded(payload)]);
}

function paxRecord(keyword: string, value: string | Buffer): Buffer {
  const text = Buffer.concat([Buffer.from(` ${keyword}=`), Buffer.from(value), Buffer.from('\n')]);
  const rest = text.length;
  // The length counts its own digits.
  const length = rest + String(rest + String(rest).length).length;
  return Buffer.concat([Buffer.from(String(length)), text]);
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

import { corrupt } from './layer-errors.js';
import { decodeName } from './paths.js';
import { decimal, seconds } from './tar-header.js';
import { pairSparseMap, type PaxSparse } from './tar-sparse.js';

/** Fields of extended headers that override the header of the next entry. */
export interface TarExtensions {
  path?: string;
  linkPath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  /** Whole seconds. */
  mtime?: number;
  /** Hex of the `vfs_cap_data` that gives a program capabilities. */
  capabilities?: string;
  /** Whether overlayfs would show other files here than those of the tar. */
  isRedirected?: boolean;
  sparse?: PaxSparse;
}

/** Keyword of Go's archive/tar, which container runtimes use to unpack images. */
const capabilityKeyword = 'SCHILY.xattr.security.capability';
/**
 * Attributes by which overlayfs finds a directory or the content of a file elsewhere in the layers,
 * even what a later layer deletes. @see
 * https://docs.kernel.org/filesystems/overlayfs.html#renaming-directories
 */
export const redirection = /^(?:trusted|user)\.overlay\.(?:redirect|metacopy)$/;
const attribute = 'SCHILY.xattr.';
/**
 * The kernel accepts no longer value. @see capabilities(7), "File capability extended attribute
 * versioning"
 */
const maxCapabilityBytes = 24;

/**
 * Parses the records of a PAX header. Unknown keywords (other times, owner names, other extended
 * attributes) are dropped.
 * @throws InvalidInput `CORRUPT_LAYER` when a record is malformed
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html "pax Extended Header"
 */
export function readPax(payload: Buffer): TarExtensions {
  const records = new Map<string, Buffer>();
  const sparseNumbers: Buffer[] = [];
  for (const [keyword, value] of paxRecords(payload)) {
    // Format 0.0 repeats these two, which no other keyword may.
    if (keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes') sparseNumbers.push(value);
    else records.set(keyword, value);
  }
  const path = records.get('path');
  const linkPath = records.get('linkpath');
  const size = numberOf(records.get('size'));
  const uid = numberOf(records.get('uid'));
  const gid = numberOf(records.get('gid'));
  const mtime = records.get('mtime');
  const capabilities = records.get(capabilityKeyword);
  const sparse = readPaxSparse(records, sparseNumbers);
  return {
    ...(path?.length && { path: nameOf(path) }),
    ...(linkPath?.length && { linkPath: nameOf(linkPath) }),
    ...(size !== undefined && { size }),
    ...(uid !== undefined && { uid: uid >>> 0 }),
    ...(gid !== undefined && { gid: gid >>> 0 }),
    ...(mtime?.length && { mtime: seconds(Number(mtime.toString('latin1'))) }),
    ...(capabilities && capabilities.length <= maxCapabilityBytes && { capabilities: capabilities.toString('hex') }),
    ...([...records.keys()].some(isRedirection) && { isRedirected: true }),
    ...(sparse && { sparse }),
  };
}

function isRedirection(keyword: string): boolean {
  return keyword.startsWith(attribute) && redirection.test(keyword.slice(attribute.length));
}

function* paxRecords(payload: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at < payload.length;) {
    const space = payload.indexOf(0x20, at);
    const digits = space === -1 || space - at > 8 ? '' : payload.toString('latin1', at, space);
    const end = at + (/^\d+$/.test(digits) ? Number(digits) : 0);
    const equals = payload.indexOf(0x3d, space);
    if (end > payload.length || equals === -1 || equals >= end || payload[end - 1] !== 0x0a) {
      throw corrupt('PAX header with a record of a wrong length');
    }
    yield [payload.toString('utf8', space + 1, equals), payload.subarray(equals + 1, end - 1)];
    at = end;
  }
}

function nameOf(value: Buffer): string {
  // The kernel would cut the name at the NUL, so the scanner would see another file than the
  // container.
  if (value.includes(0)) throw corrupt('PAX header with a NUL in a name');
  return decodeName(value);
}

function numberOf(value: Buffer | undefined): number | undefined {
  return value === undefined || value.length === 0 ? undefined : decimal(value.toString('latin1'));
}

/**
 * Reads the sparse fields. Go treats versions other than 0.0, 0.1 and 1.0 as regular files; so does
 * this.
 */
function readPaxSparse(records: ReadonlyMap<string, Buffer>, numbers: readonly Buffer[]): PaxSparse | undefined {
  const textOf = (keyword: string) => records.get(`GNU.sparse.${keyword}`)?.toString('latin1') ?? '';
  const version = `${textOf('major')}.${textOf('minor')}`;
  const pairs = numbers.length > 0 ? numbers.map(String) : textOf('map').split(',').filter(Boolean);
  const hasMap = version === '0.0' || version === '0.1' || (version === '.' && pairs.length > 0);
  if (!hasMap && version !== '1.0') return undefined;
  const realSize = decimal(textOf('size') || textOf('realsize'));
  const name = records.get('GNU.sparse.name');
  return {
    realSize,
    ...(hasMap && { map: pairSparseMap(pairs.map(decimal), realSize) }),
    ...(name?.length && { name: nameOf(name) }),
  };
}

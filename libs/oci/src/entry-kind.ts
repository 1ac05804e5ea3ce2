import { type EntryType, entryTypes, type LayerEntry } from './layer-entry.js';

/** Digests in the order in which they are packed, with the bit of the kind that says that an entry has one. */
export const packedDigests = [
  { algorithm: 'sha256', bit: 0x20, bytes: 32 },
  { algorithm: 'md5', bit: 0x80, bytes: 16 },
  { algorithm: 'sha1', bit: 0x100, bytes: 20 },
] as const;

export const hasLink = 0x40;
const maxKind = 0x1ff;
const whiteouts = [undefined, 'file', 'opaque'] as const;

/** Type, whiteout and which optional fields an entry has, in nine bits. */
export function kindOf({ type, whiteout, linkTarget, sha256, md5, sha1 }: LayerEntry): number {
  return (
    entryTypes.indexOf(type) |
    (whiteouts.indexOf(whiteout) << 3) |
    (linkTarget === undefined ? 0 : hasLink) |
    (sha256 === undefined ? 0 : packedDigests[0].bit) |
    (md5 === undefined ? 0 : packedDigests[1].bit) |
    (sha1 === undefined ? 0 : packedDigests[2].bit)
  );
}

/** Whether an entry can be of this kind. */
export function isKind(kind: number): boolean {
  return kind <= maxKind && (kind & 7) < entryTypes.length && ((kind >> 3) & 3) < whiteouts.length;
}

export function typeOfKind(kind: number): EntryType {
  return entryTypes[kind & 7]!;
}

export function whiteoutOfKind(kind: number): LayerEntry['whiteout'] {
  return whiteouts[(kind >> 3) & 3];
}

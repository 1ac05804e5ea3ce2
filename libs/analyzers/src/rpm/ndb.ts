import { MalformedFile } from '@tidewaiter/domain';

import { sliceOf, u32le } from './bytes.js';

const magic = 0x506d7052; // "RpmP"
const slotMagic = 0x746f6c53; // "Slot"
const blobMagic = 0x53626c42; // "BlbS"
const pageBytes = 4096;
const slotBytes = 16;
const blockBytes = 16;
const blobHeaderBytes = 16;

/** Whether these first bytes are those of a database of this format. */
export function isNdb(content: Buffer): boolean {
  return content.length >= 4 && content.readUInt32LE() === magic;
}

/**
 * Headers in SUSE's NDB database (`Packages.db`): pages of slots, each of which points to a run of
 * blocks.
 * @see https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c
 * @throws MalformedFile when it is of another version or ends within its slots
 */
export function* ndbBlobs(content: Buffer): Generator<Buffer | 'unreadable'> {
  const version = u32le(content, 4);
  if (version !== 0) throw new MalformedFile(`NDB database of version ${version}`);
  const slots = sliceOf(content, 0, u32le(content, 12) * pageBytes);
  // The file's header takes the place of the first two slots.
  for (let at = 2 * slotBytes; at < slots.length; at += slotBytes) {
    const [index, firstBlock] = [u32le(slots, at + 4), u32le(slots, at + 8)];
    if (u32le(slots, at) !== slotMagic) yield 'unreadable';
    // A free slot has neither.
    else if (index !== 0 || firstBlock !== 0) yield readBlob(content, index, firstBlock, u32le(slots, at + 12));
  }
}

function readBlob(content: Buffer, index: number, firstBlock: number, blocks: number): Buffer | 'unreadable' {
  const start = firstBlock * blockBytes;
  const end = start + blocks * blockBytes;
  if (end > content.length || end - start < blobHeaderBytes) return 'unreadable';
  const length = u32le(content, start + 12);
  const isOurs = u32le(content, start) === blobMagic && u32le(content, start + 4) === index;
  if (!isOurs || start + blobHeaderBytes + length > end) return 'unreadable';
  return sliceOf(content, start + blobHeaderBytes, length);
}

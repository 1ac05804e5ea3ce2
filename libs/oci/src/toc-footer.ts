const gzipMagic = 0x1f8b;
const stargz = 'STARGZ';
const externalToc = 'STARGZEXTERNALTOC';
/** Magic numbers of containers/storage and of eStargz, which mean the same. */
const zstdChunked = /G[Nn]UlInUx$/;
/** Header of a skippable frame of 64 bytes, the footer of containers/storage. */
const longFrame = '502a4d1840000000';
const longFooterBytes = 64;
const shortFooterBytes = 40;
/** Type of the only format of a table of contents that there is. */
const tarTable = 1n;
/** Bytes of the longest footer with the header of its frame. */
export const tailBytes = 8 + longFooterBytes;

/** Table of contents in a blob, from its first byte to behind its last one. */
export interface TocPlace {
  compression: 'gzip' | 'zstd';
  start: number;
  end: number;
}

/** Last bytes of a blob, in which lazily pulling runtimes look for its table of contents. */
export class BlobTail {
  #bytes = 0;
  #last: Buffer = Buffer.alloc(0);

  /** Passes on the chunks of a blob. */
  async *watch(blob: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of blob) {
      this.#bytes += chunk.length;
      this.#last = Buffer.concat([this.#last, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
      yield chunk;
    }
  }

  tocPlace(): TocPlace | 'elsewhere' | undefined {
    return tocPlace(this.#last, this.#bytes);
  }
}

/**
 * Place of the table by the footer; `elsewhere` if that is no place in this blob, and undefined
 * without a footer.
 * @param last last bytes of the blob, `tailBytes` unless it is shorter
 * @param size bytes of the blob
 * @see https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md#footer
 * @see https://github.com/containers/storage/blob/main/docs/containers-storage-zstd-chunked.md
 */
export function tocPlace(last: Buffer, size: number): TocPlace | 'elsewhere' | undefined {
  const place = gzipPlace(last, size, 51, 16) ?? gzipPlace(last, size, 47, 12) ?? zstdPlace(last);
  if (place === undefined) return last.includes(externalToc, 0, 'latin1') ? 'elsewhere' : undefined;
  return place.start >= 0 && place.start < place.end && place.end <= size ? place : 'elsewhere';
}

/** Footer of eStargz: an empty member of gzip, whose extra field has the offset in hex. */
function gzipPlace(last: Buffer, size: number, footerBytes: number, offsetAt: number): TocPlace | undefined {
  const footer = last.subarray(-footerBytes);
  const isFooter =
    footer.length === footerBytes &&
    footer.readUInt16BE() === gzipMagic &&
    footer.toString('latin1', offsetAt + 16, offsetAt + 16 + stargz.length) === stargz;
  if (!isFooter) return undefined;
  const start = Number.parseInt(footer.toString('latin1', offsetAt, offsetAt + 16), 16);
  return { compression: 'gzip', start, end: size - footerBytes };
}

/** Footers of zstd:chunked, that of containers/storage and the shorter one of eStargz. */
function zstdPlace(last: Buffer): TocPlace | undefined {
  if (!zstdChunked.test(last.toString('latin1'))) return undefined;
  const isLong = last.toString('hex', 0, 8) === longFrame;
  const footer = last.subarray(isLong ? -longFooterBytes : -shortFooterBytes);
  if (footer.length < shortFooterBytes || footer.readBigUInt64LE(24) !== tarTable)
    return { compression: 'zstd', start: -1, end: -1 };
  const start = Number(footer.readBigUInt64LE(0));
  return { compression: 'zstd', start, end: start + Number(footer.readBigUInt64LE(8)) };
}

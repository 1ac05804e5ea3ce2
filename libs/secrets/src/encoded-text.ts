import { TextDecoder } from 'node:util';

/** Limit for a key with all its headers, in Base64. */
const longestEncoded = 48 * 1024;

/** Decodes Base64 from `start`, across the ends of wrapped lines, to one character per byte. */
export function decodeBase64At(text: string, start: number): { decoded: string; end: number } {
  const window = text.slice(start, start + longestEncoded);
  const lines = /(?:[A-Za-z0-9+/]{60,}(?:\\r|\\n|[\r\n])+[ \t]{0,40}){0,}[A-Za-z0-9+/]{1,}={0,2}/y;
  const encoded = lines.exec(window)?.[0] ?? '';
  return { decoded: decodeBase64(encoded.replace(/\\[rn]|\s/g, '')), end: start + encoded.length };
}

/** Decodes to one character per byte. */
export const decodeBase64 = (encoded: string): string => Buffer.from(encoded, 'base64').toString('latin1');

/**
 * Converts UTF-16 with a byte order mark, as editors and shells of Windows write it, to UTF-8, one
 * piece of a file after the other; other bytes stay unchanged.
 */
export class Utf8Pieces {
  #decoder: TextDecoder | null | undefined;

  of(piece: Buffer): Buffer {
    this.#decoder ??= decoderOf(piece);
    return !this.#decoder ? piece : Buffer.from(this.#decoder.decode(piece, { stream: true }));
  }
}

function decoderOf(first: Buffer): TextDecoder | null {
  const mark = first.length >= 2 ? first.readUInt16BE(0) : 0;
  if (mark !== 0xfffe && mark !== 0xfeff) return null;
  return new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be');
}

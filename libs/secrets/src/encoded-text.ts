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
 * Converts UTF-16, as editors and shells of Windows write it, to UTF-8, one
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
  const encoding = utf16Of(first);
  return encoding === undefined ? null : new TextDecoder(encoding);
}

/** Characters of a file without a mark that are looked at, and at least needed. */
const looked = { most: 256, least: 8 };

/**
 * UTF-16 by its mark, or by a zero before or after each character of ASCII, as programs write it
 * without a mark; undefined for other bytes.
 */
export function utf16Of(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const characters = Math.min(looked.most, Math.floor(head.length / 2));
  if (characters < looked.least) return undefined;
  const isBig = head[0] === 0;
  for (let at = 0; at < characters; at += 1) {
    const low = head[2 * at + Number(isBig)]!;
    const isText = (low >= 0x20 && low < 0x7f) || (low >= 0x09 && low <= 0x0d);
    if (!isText || head[2 * at + Number(!isBig)] !== 0) return undefined;
  }
  return isBig ? 'utf-16be' : 'utf-16le';
}

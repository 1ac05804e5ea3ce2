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
 * Converts UTF-16 with a byte order mark, as editors and shells of Windows write it, to UTF-8;
 * returns other bytes unchanged.
 */
export function utf8Of(content: Buffer): Buffer {
  const mark = content.length >= 2 ? content.readUInt16BE(0) : 0;
  if (mark !== 0xfffe && mark !== 0xfeff) return content;
  const units = content.subarray(2, content.length - (content.length % 2));
  const littleEndian = mark === 0xfffe ? units : Buffer.from(units).swap16();
  return Buffer.from(littleEndian.toString('utf16le'));
}

import { limitJsonValues, LimitExceeded, MalformedFile } from '@tidewaiter/domain';

/**
 * The lock files of the largest repositories have 4 MiB; parsed JSON may take thirty times its
 * text.
 */
const maxDocumentBytes = 8 << 20;

/**
 * Returns the text of a small file without a byte order mark.
 * @throws LimitExceeded `maxDocumentBytes`
 */
export function readText(content: Buffer, maxBytes = maxDocumentBytes): string {
  if (content.length > maxBytes) throw new LimitExceeded('maxDocumentBytes', `file of more than ${maxBytes} bytes`);
  const text = content.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/**
 * Parses a JSON document.
 * @throws MalformedFile
 * @throws LimitExceeded `maxDocumentBytes`, `maxJsonValues`
 */
export function readJson(content: Buffer, maxBytes = maxDocumentBytes): unknown {
  return parseJson(readText(content, maxBytes));
}

/** @throws MalformedFile; LimitExceeded `maxJsonValues` */
export function parseJson(text: string): unknown {
  limitJsonValues(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's own message quotes the file.
    throw new MalformedFile('not JSON', { cause });
  }
}

/** Returns the value as an object; an empty one if it is none. */
export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** Returns the value as a list; an empty one if it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the value if it is a text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

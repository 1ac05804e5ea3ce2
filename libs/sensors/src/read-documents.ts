import { InvalidInput, type JsonValue } from '@tidewaiter/domain';

import { isObject } from './json.js';
import { parseJson } from './parse-json.js';

/** What a body holds, one after the other; undefined for a line that is no JSON. */
export type Documents = readonly (JsonValue | undefined)[];

/**
 * A body as its documents: one, an array of them, or one a line. Bytes that are not UTF-8 become U+FFFD, so that a sensor never
 * repeats a damaged event for ever. @throws InvalidInput `BODY_NOT_JSON`, `BODY_TOO_DEEP`
 */
export function readDocuments(body: Buffer): Documents {
  const source = new TextDecoder().decode(body);
  if (beginsWithLine(source)) return lines(source);
  try {
    const whole = parseJson(source);
    return Array.isArray(whole) ? whole : [whole];
  } catch (error) {
    const documents = lines(source);
    if (documents.length < 2 || !documents.some(isObject)) throw error;
    return documents;
  }
}

/** Whether the first line is a document of its own, and more follows: then nothing is parsed twice. */
function beginsWithLine(source: string): boolean {
  const end = source.indexOf('\n');
  if (end === -1 || source.charCodeAt(0) !== 0x7b || source.slice(end).trim() === '') return false;
  return parseLine(source.slice(0, end)) !== undefined;
}

function lines(source: string): (JsonValue | undefined)[] {
  const documents: (JsonValue | undefined)[] = [];
  for (let from = 0; from < source.length;) {
    const newline = source.indexOf('\n', from);
    const end = newline === -1 ? source.length : newline;
    const line = source.slice(from, end).trim();
    if (line !== '') documents.push(parseLine(line));
    from = end + 1;
  }
  return documents;
}

function parseLine(line: string): JsonValue | undefined {
  try {
    return parseJson(line);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

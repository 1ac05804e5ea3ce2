import { InvalidInput, type JsonValue, LimitExceeded } from '@tidewaiter/domain';

import { isObject } from './json.js';
import { endOfText, parseJson } from './parse-json.js';

/** Documents of a body in order; undefined for one that is not JSON. */
export type Documents = readonly (JsonValue | undefined)[];

/** Limit on documents: shippers send some thousands at once; a body of only brackets would be millions. */
export const maxDocuments = 100_000;

/**
 * Splits a body into its documents: one, an array of them, one a line, or one after the other as
 * `kubectl --watch` writes them. Bytes that are not UTF-8 become U+FFFD, so that a sensor never
 * repeats a damaged event for ever.
 * @throws InvalidInput `BODY_NOT_JSON`, `BODY_TOO_DEEP`
 * @throws LimitExceeded above {@link maxDocuments}
 */
export function readDocuments(body: Buffer): Documents {
  const source = new TextDecoder().decode(body);
  if (beginsWithLine(source)) return lines(source);
  const whole = parseWhole(source);
  if (whole instanceof InvalidInput) return parts(source, whole);
  return Array.isArray(whole) ? bounded(whole) : [whole];
}

function parseWhole(source: string): JsonValue | InvalidInput {
  try {
    return parseJson(source);
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
}

/** Documents of a body that is not a single one. @throws `error` where there are none */
function parts(source: string, error: InvalidInput): Documents {
  const sequence = oneAfterTheOther(source);
  if (sequence.length > 1 && sequence.every((each) => each !== undefined)) return sequence;
  const documents = lines(source);
  if (documents.length < 2 || !documents.some(isObject)) throw error;
  return documents;
}

/** Whether the first line is a document of its own, and more follow: then no text is parsed twice. */
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
    if (line !== '') bounded(documents).push(parseLine(line));
    from = end + 1;
  }
  return documents;
}

function bounded<List extends readonly unknown[]>(documents: List): List {
  if (documents.length <= maxDocuments) return documents;
  throw new LimitExceeded('maxDocuments', `The body holds more than ${maxDocuments} events.`);
}

const quote = 0x22;

/** Documents that may go over several lines: each ends where all its brackets are closed. */
function oneAfterTheOther(source: string): (JsonValue | undefined)[] {
  const documents: (JsonValue | undefined)[] = [];
  let depth = 0;
  let from = 0;
  for (let index = 0; index < source.length;) {
    const code = source.charCodeAt(index);
    index = code === quote ? endOfText(source, index + 1) : index + 1;
    if (code === 0x7b || code === 0x5b) depth += 1;
    if (code !== 0x7d && code !== 0x5d) continue;
    depth -= 1;
    if (depth < 0) return [];
    if (depth > 0) continue;
    bounded(documents).push(parseLine(source.slice(from, index)));
    from = index;
  }
  return depth === 0 && source.slice(from).trim() === '' ? documents : [];
}

function parseLine(line: string): JsonValue | undefined {
  const value = parseWhole(line);
  return value instanceof InvalidInput ? undefined : value;
}

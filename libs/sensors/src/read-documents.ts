import { completed, type Steps } from '@tidewaiter/collections';
import { InvalidInput, type JsonValue, LimitExceeded } from '@tidewaiter/domain';

import { isObject } from './json.js';
import { endOfText, parseJson } from './parse-json.js';

/** Documents of a body in order; undefined for one that is not JSON. */
export type Documents = readonly (JsonValue | undefined)[];

/** Length from which the elements of an array are parsed one by one. */
const largeChars = 256 * 1024;

/** Characters that are searched for brackets in one step. */
const scannedChars = 64 * 1024;

/** Limit on documents: shippers send some thousands at once, a body of brackets has millions. */
export const maxDocuments = 100_000;

/**
 * Splits a body into its documents: one, an array of them, one a line, or one after the other as
 * `kubectl --watch` writes them. Bytes that are not UTF-8 become U+FFFD, so that a sensor never
 * repeats a damaged event for ever.
 * @throws InvalidInput `BODY_NOT_JSON`
 * @throws LimitExceeded above {@link maxDocuments}
 */
export function readDocuments(body: Buffer): Documents {
  return completed(documentSteps(body));
}

/** {@link readDocuments} with a pause after each document. */
export function* documentSteps(body: Buffer): Steps<Documents> {
  const source = new TextDecoder().decode(body);
  if (beginsWithLine(source)) return yield* lines(source);
  const places = source.length > largeChars ? yield* elementsOf(source) : null;
  const whole = places ? yield* elementsAt(source, places) : parseWhole(source);
  if (whole instanceof InvalidInput) return yield* parts(source, whole);
  return Array.isArray(whole) ? bounded(whole) : [whole];
}

type Place = readonly [from: number, end: number];

/** Places of the elements of an array; null where the source is something else. */
function* elementsOf(source: string): Steps<Place[] | null> {
  if (source.charCodeAt(0) !== 0x5b) return null;
  const places: Place[] = [];
  let depth = 1;
  let from = 1;
  let pauseAt = scannedChars;
  for (let index = 1; index < source.length;) {
    if (index >= pauseAt) {
      pauseAt = index + scannedChars;
      yield;
    }
    const code = source.charCodeAt(index);
    if (code === comma && depth === 1) {
      bounded(places).push([from, index]);
      from = index + 1;
    }
    depth += depthOf(code);
    if (depth === 0) {
      if (source.slice(index + 1).trim() !== '') return null;
      const isEmpty = places.length === 0 && source.slice(from, index).trim() === '';
      if (!isEmpty) bounded(places).push([from, index]);
      return places;
    }
    index = code === quote ? endOfText(source, index + 1) : index + 1;
  }
  return null;
}

/** Returns the error of the first element that is not JSON: then the array is none either. */
function* elementsAt(source: string, places: readonly Place[]): Steps<JsonValue[] | InvalidInput> {
  const documents: JsonValue[] = [];
  for (const [from, end] of places) {
    const value = parseWhole(source.slice(from, end));
    if (value instanceof InvalidInput) return value;
    documents.push(value);
    yield;
  }
  return documents;
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
function* parts(source: string, error: InvalidInput): Steps<Documents> {
  const sequence = yield* oneAfterTheOther(source);
  if (sequence.length > 1 && sequence.every((each) => each !== undefined)) return sequence;
  const documents = yield* lines(source);
  if (documents.length < 2 || !documents.some(isObject)) throw error;
  return documents;
}

/** Whether the first line is a document, and more follow: then no text is parsed twice. */
function beginsWithLine(source: string): boolean {
  const end = source.indexOf('\n');
  if (end === -1 || source.charCodeAt(0) !== 0x7b || source.slice(end).trim() === '') return false;
  return parseLine(source.slice(0, end)) !== undefined;
}

function* lines(source: string): Steps<(JsonValue | undefined)[]> {
  const documents: (JsonValue | undefined)[] = [];
  for (let from = 0; from < source.length;) {
    const newline = source.indexOf('\n', from);
    const end = newline === -1 ? source.length : newline;
    const line = source.slice(from, end).trim();
    if (line !== '') bounded(documents).push(parseLine(line));
    from = end + 1;
    yield;
  }
  return documents;
}

function bounded<List extends readonly unknown[]>(documents: List): List {
  if (documents.length <= maxDocuments) return documents;
  throw new LimitExceeded('maxDocuments', `The body holds more than ${maxDocuments} events.`);
}

const quote = 0x22;
const comma = 0x2c;

/** 1 for an opening bracket, -1 for a closing one. */
function depthOf(code: number): number {
  if (code === 0x7b || code === 0x5b) return 1;
  return code === 0x7d || code === 0x5d ? -1 : 0;
}

/** Documents that may go over several lines: each ends where all its brackets are closed. */
function* oneAfterTheOther(source: string): Steps<(JsonValue | undefined)[]> {
  const documents: (JsonValue | undefined)[] = [];
  let depth = 0;
  let from = 0;
  for (let index = 0; index < source.length;) {
    const code = source.charCodeAt(index);
    index = code === quote ? endOfText(source, index + 1) : index + 1;
    const change = depthOf(code);
    depth += change;
    if (depth < 0) return [];
    if (change >= 0 || depth > 0) continue;
    bounded(documents).push(parseLine(source.slice(from, index)));
    from = index;
    yield;
  }
  return depth === 0 && source.slice(from).trim() === '' ? documents : [];
}

function parseLine(line: string): JsonValue | undefined {
  const value = parseWhole(line);
  return value instanceof InvalidInput ? undefined : value;
}

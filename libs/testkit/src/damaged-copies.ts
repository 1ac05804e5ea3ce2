import { TidewaiterError } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { oddValues, replaceValue } from './hostile-json.js';

/** File of an image with its reader. */
interface Damaged {
  path: string;
  content: Buffer;
}

/** Errors that a reader throws for damaged copies of a file, beside those that it may throw. */
export function unexpectedErrors(reader: { analyze: (file: Damaged) => unknown }, file: Damaged): unknown[] {
  return [...damagedCopies(file.content), ...oddDocuments(file.content)].flatMap((content) => {
    try {
      reader.analyze({ ...file, content });
      return [];
    } catch (error) {
      return error instanceof TidewaiterError ? [] : [error];
    }
  });
}

/** Truncated copies, and copies with one byte that has a meaning in some format. */
function* damagedCopies(content: Buffer): Generator<Buffer> {
  const step = Math.max(Math.floor(content.length / 200), 1);
  for (let at = 0; at < content.length; at += step) {
    yield content.subarray(0, at);
    for (const byte of Buffer.from('\0\n"\\[{=:\xff', 'latin1')) {
      const copy = Buffer.from(content);
      copy[at] = byte;
      yield copy;
    }
  }
}

const maxReplaced = 300;

/**
 * Copies of a JSON file with one value of a type that its reader does not expect; none of other
 * files.
 */
function* oddDocuments(content: Buffer): Generator<Buffer> {
  const document = jsonObject(content);
  if (document === null) return;
  const text = JSON.stringify(document);
  for (let nth = 0; nth < maxReplaced && replaceValue(document, nth, '"@odd@"') !== text; nth += 1)
    for (const by of oddValues) yield Buffer.from(replaceValue(document, nth, by));
}

function jsonObject(content: Buffer): object | null {
  try {
    const document: unknown = JSON.parse(content.toString());
    return typeof document === 'object' ? document : null;
  } catch {
    return null;
  }
}

/** Copies of a file that are truncated and changed anywhere. */
export function brokenCopies(whole: Buffer): fc.Arbitrary<Buffer> {
  const change = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) });
  return fc.tuple(fc.array(change, { maxLength: 6 }), fc.nat(whole.length)).map(([changes, length]) => {
    const content = Buffer.from(whole.subarray(0, length));
    for (const { at, value } of changes) if (at < length) content[at] = value;
    return content;
  });
}

import { TidewaiterError } from '@tidewaiter/domain';
import * as fc from 'fast-check';

/** File of an image with its reader. */
interface Damaged {
  path: string;
  content: Buffer;
}

/** Errors that a reader throws for damaged copies of a file, beside those that it may throw. */
export function unexpectedErrors(reader: { analyze: (file: Damaged) => unknown }, file: Damaged): unknown[] {
  return [...damagedCopies(file.content)].flatMap((content) => {
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

/** Copies of a file that are truncated and changed anywhere. */
export function brokenCopies(whole: Buffer): fc.Arbitrary<Buffer> {
  const change = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) });
  return fc.tuple(fc.array(change, { maxLength: 6 }), fc.nat(whole.length)).map(([changes, length]) => {
    const content = Buffer.from(whole.subarray(0, length));
    for (const { at, value } of changes) if (at < length) content[at] = value;
    return content;
  });
}

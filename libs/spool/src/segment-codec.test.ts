import * as fc from 'fast-check';

import { entryAt, frameOf } from './segment-codec.js';

/** Contents up to the first that is not whole, and why reading ended. */
function readAll(bytes: Buffer): { contents: string[]; ended: string } {
  const contents: string[] = [];
  for (let offset = 0; ;) {
    const entry = entryAt(bytes, offset);
    if (typeof entry === 'string') return { contents, ended: entry };
    contents.push(entry.content.toString('hex'));
    offset = entry.end;
  }
}

const content = fc.uint8Array({ minLength: 1, maxLength: 60 });
const contents = fc.array(content, { minLength: 1, maxLength: 6 });
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('entryAt', () => {
  it('reads what frameOf writes', () => {
    fc.assert(
      fc.property(contents, (all) => {
        expect(readAll(Buffer.concat(all.map(frameOf)))).toEqual({ contents: all.map(hex), ended: 'end' });
      }),
    );
  });

  it('reads the entries before a torn tail, wherever it is torn', () => {
    fc.assert(
      fc.property(contents, content, fc.nat(), (all, last, at) => {
        const frame = frameOf(last);
        const torn = frame.subarray(0, 1 + (at % (frame.length - 1)));
        const read = readAll(Buffer.concat([...all.map(frameOf), torn]));
        expect(read).toEqual({ contents: all.map(hex), ended: 'cut' });
      }),
    );
  });

  it('returns no entry that a changed byte is in', () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, at, change) => {
        const bytes = Buffer.concat(all.map(frameOf));
        const changed = at % bytes.length;
        bytes[changed]! ^= change;
        const { contents: read, ended } = readAll(bytes);
        expect(ended).not.toBe('end');
        expect(read).toEqual(all.slice(0, read.length).map(hex));
      }),
    );
  });

  it('takes a block of zeros as damage', () => {
    expect(entryAt(Buffer.alloc(64), 0)).toBe('damaged');
  });
});

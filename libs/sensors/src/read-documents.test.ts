import { completed } from '@tidewaiter/collections';
import type { JsonValue } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { parseJson } from './parse-json.js';
import { documentSteps, maxDocuments, readDocuments } from './read-documents.js';

const read = (text: string) => readDocuments(Buffer.from(text));

describe('readDocuments', () => {
  it.each([
    ['{"a":1}', [{ a: 1 }]],
    ['{"a":1}\n', [{ a: 1 }]],
    ['\uFEFF{"a":1}', [{ a: 1 }]],
    ['[{"a":1},2]', [{ a: 1 }, 2]],
    ['{\n  "a": 1\n}\n', [{ a: 1 }]],
    ['{ "a": {}\n, "b": 1 }', [{ a: {}, b: 1 }]],
    ['{"a":1}\n{"b":2}\r\n\n', [{ a: 1 }, { b: 2 }]],
    ['{"a":1}\n{"b":\nnull\n', [{ a: 1 }, undefined, null]],
    ['{"half":\n{"a":1}', [undefined, { a: 1 }]],
    ['{"a":1} {"b":2}', [{ a: 1 }, { b: 2 }]],
    ['{\n "a": [\n  {}\n ]\n}\n{\n "b": "}\\"{"\n}\n', [{ a: [{}] }, { b: '}"{' }]],
  ])('reads %j', (text, documents) => {
    expect(read(text)).toEqual(documents);
  });

  it.each(['', '\n', 'text', 'text\nmore\n', '{"a":', '{"a":1}}{', '{"a":1} x'])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
  });

  it('reads what is no UTF-8 with replacements', () => {
    expect(readDocuments(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]))).toEqual([
      { a: '\uFFFD' },
    ]);
  });

  describe('of a large array', () => {
    const large = 300_000;

    it('reads the same as of a small one, whatever its elements are', () => {
      fc.assert(
        fc.property(
          fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 20 }),
          fc.constantFrom(0, 2),
          (values, indent) => {
            // Brackets, quotes and commas in a text separate nothing.
            const all = [...values, `],[{"}${' '.repeat(large)}\\"`];
            const text = JSON.stringify(all, null, indent);
            expect(read(text)).toEqual(parseJson(text));
          },
        ),
        { numRuns: 40, endOnFailure: true },
      );
      expect(read(`[${' '.repeat(large)}]\n`)).toEqual([]);
      expect(read(`[\n${'{"a":1},\n'.repeat(large / 10)}{"a":2}]`).at(-1)).toEqual({ a: 2 });
    });

    it.each(['[1,,2]', '[1,]', '[,]', '[{]}', '[1', '[1]]', '[1] x', '["a]'])('refuses one like %j', (text) => {
      const padded = `[${' '.repeat(large)}${text.slice(1)}`;
      expect(() => read(padded)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
    });

    it('reads the lines of one that is damaged', () => {
      const damaged = `[\n${' '.repeat(large)}\n{"a":1}\n{"b":\n]`;
      expect(read(damaged)).toEqual(read(damaged.replace(/ +/, '')));
    });

    it('reads several of them, one a line', () => {
      const array = `[${'{"a":1},'.repeat(large / 8)}{"a":1}]`;
      expect(read(`{"a":0}\n${array}`)).toHaveLength(2);
    });
  });

  it.each([
    ['an array', (documents: string[]) => `[${documents.join(',')}]`],
    ['lines', (documents: string[]) => documents.join('\n')],
    ['one after the other', (documents: string[]) => documents.join('')],
  ])('pauses after each event of %s', (_, body) => {
    const documents = Array.from({ length: 10_000 }, (__, index) => JSON.stringify({ index, text: 'x'.repeat(40) }));
    let pauses = 0;
    const steps = documentSteps(Buffer.from(body(documents)));
    const counted = (function* (): Generator<void, readonly (JsonValue | undefined)[]> {
      for (;;) {
        const { done, value } = steps.next();
        if (done) return value;
        pauses += 1;
        yield;
      }
    })();
    expect(completed(counted)).toHaveLength(documents.length);
    expect(pauses).toBeGreaterThanOrEqual(documents.length);
  });

  it.each([
    ['an array', (count: number) => `[${'0,'.repeat(count - 1)}0]`],
    ['lines', (count: number) => '{}\n'.repeat(count)],
    ['one after the other', (count: number) => '{\n}'.repeat(count)],
  ])('takes so many events in %s and no more', (_, body) => {
    expect(read(body(maxDocuments))).toHaveLength(maxDocuments);
    expect(() => read(body(maxDocuments + 2))).toThrow(expect.objectContaining({ limit: 'maxDocuments' }));
  });
});

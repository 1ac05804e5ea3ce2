import { maxDocuments, readDocuments } from './read-documents.js';

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

  it.each([
    ['an array', (count: number) => `[${'0,'.repeat(count - 1)}0]`],
    ['lines', (count: number) => '{}\n'.repeat(count)],
    ['one after the other', (count: number) => '{\n}'.repeat(count)],
  ])('takes so many events in %s and no more', (_, body) => {
    expect(read(body(maxDocuments))).toHaveLength(maxDocuments);
    expect(() => read(body(maxDocuments + 2))).toThrow(expect.objectContaining({ limit: 'maxDocuments' }));
  });
});

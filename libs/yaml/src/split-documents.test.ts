import { splitDocuments } from './split-documents.js';

const limits = {
  maxFileLength: 1_000,
  maxDocuments: 3,
  overLimit: (limit: string, line: number) => new Error(`${limit} at line ${line}`),
};

describe('splitDocuments', () => {
  it.each<[string, string, [number, string][]]>([
    ['one document', 'a: 1\n', [[1, 'a: 1\n']]],
    ['a byte order mark', '\uFEFFa: 1', [[1, 'a: 1']]],
    [
      'documents at their lines',
      'a\n---\nb\n--- c\n',
      [
        [1, 'a\n'],
        [2, '---\nb\n'],
        [4, '--- c\n'],
      ],
    ],
    [
      'line ends of Windows',
      'a\r\n---\r\nb\r\n',
      [
        [1, 'a\r\n'],
        [2, '---\r\nb\r\n'],
      ],
    ],
    [
      'an end marker',
      'a\n...\nb\n... # end\n---\nc',
      [
        [1, 'a\n'],
        [3, 'b\n'],
        [5, '---\nc'],
      ],
    ],
    [
      'text behind an end marker',
      'a\n... b\n',
      [
        [1, 'a\n'],
        [2, ' b\n'],
      ],
    ],
    ['no empty documents', '# note\n---\n\n%YAML 1.2\n---\na\n---', [[5, '---\na\n']]],
    ['no marker inside a line', 'a: ---\n----\n', [[1, 'a: ---\n----\n']]],
  ])('returns %s', (_, text, expected) => {
    expect(splitDocuments(text, limits)).toEqual(expected.map(([line, part]) => ({ line, text: part })));
  });

  it('limits the length of the file and the number of documents', () => {
    expect(() => splitDocuments('a'.repeat(1_001), limits)).toThrow('maxFileLength at line 1');
    expect(() => splitDocuments('a\n---\nb\n---\nc\n---\nd\n', limits)).toThrow('maxDocuments at line 6');
  });
});

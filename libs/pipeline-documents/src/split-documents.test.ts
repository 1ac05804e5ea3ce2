import { InvalidInput } from '@tidewaiter/domain';

import { maxDocuments, splitDocuments } from './split-documents.js';

const split = (text: string) => splitDocuments(Buffer.from(text)).map(String);

describe('splitDocuments', () => {
  it.each([
    ['a document', '{"a":1}', ['{"a":1}']],
    ['with its last newline, which a digest covers', '{"a":1}\r\n', ['{"a":1}\r\n']],
    ['over many lines', '{\n"a": 1\n}\n', ['{\n"a": 1\n}\n']],
    ['a document on each line', '{"a":1}\n\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['what is none', 'a\nb', ['a\nb']],
    [
      'what gcloud shows',
      '{"provenance_summary":{"provenance":[{"envelope":{"payload":"x"}},{"build":{}}]}}',
      ['{"payload":"x"}'],
    ],
    ['what only has the word', '{"a":"\\"provenance_summary\\""}', ['{"a":"\\"provenance_summary\\""}']],
  ])('finds %s', (_, text, documents) => {
    expect(split(text)).toEqual(documents);
  });

  it('refuses more documents than the limit', () => {
    expect(split('{}\n'.repeat(maxDocuments))).toHaveLength(maxDocuments);
    expect(() => split('{}\n'.repeat(maxDocuments + 1))).toThrow(InvalidInput);
    expect(() => split('{"provenance_summary":{"provenance":[]}}')).toThrow(InvalidInput);
  });
});

import { readMarkdown } from './markdown.js';

describe('readMarkdown', () => {
  it('reads paragraphs, blocks of code and the marks within a line', () => {
    const text = 'In **Harbor** → *Push*:\n`a *b*`\n\n```yaml\nx:\n  - y\n```\n\nSee [`redeliver`](../sources.md#x).';
    expect(readMarkdown(text)).toEqual([
      {
        kind: 'paragraph',
        parts: [
          { kind: 'text', text: 'In ' },
          { kind: 'strong', text: 'Harbor' },
          { kind: 'text', text: ' → ' },
          { kind: 'emphasis', text: 'Push' },
          { kind: 'text', text: ': ' },
          { kind: 'code', text: 'a *b*' },
        ],
      },
      { kind: 'code', text: 'x:\n  - y' },
      {
        kind: 'paragraph',
        parts: [
          { kind: 'text', text: 'See ' },
          { kind: 'code', text: 'redeliver' },
          { kind: 'text', text: '.' },
        ],
      },
    ]);
  });

  it('keeps every character of a text without marks', () => {
    const text = 'a * b < c & `d';
    expect(readMarkdown(text)).toEqual([{ kind: 'paragraph', parts: [{ kind: 'text', text }] }]);
  });
});

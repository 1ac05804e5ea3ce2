import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { listsMarkdown } from './lists-markdown.js';

describe('listsMarkdown', () => {
  it('is the page in docs; `npm run docs` writes it', () => {
    expect(readFileSync(join(__dirname, '../../../../docs/lists.md'), 'utf8')).toBe(listsMarkdown());
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { templatesMarkdown } from './templates-markdown.js';

const page = readFileSync(join(__dirname, '../../../../docs/templates.md'), 'utf8');

describe('templatesMarkdown', () => {
  it('docs/templates.md is up to date: npm run docs', () => {
    expect(page).toBe(templatesMarkdown());
  });
});

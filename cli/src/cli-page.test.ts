import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cliMarkdown } from './cli-page.js';
import { createProgram } from './program.js';

describe('docs/cli.md', () => {
  it('is up to date: npm run docs', async () => {
    const page = readFileSync(join(__dirname, '../../docs/cli.md'), 'utf8');
    expect(page).toBe(cliMarkdown(await createProgram()));
  });
});

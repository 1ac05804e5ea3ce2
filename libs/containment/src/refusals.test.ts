import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { refusals } from './refusals.js';

describe('refusals', () => {
  it('are listed in docs/containment.md with what to do', () => {
    const page = readFileSync(join(__dirname, '../../../docs/containment.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, code, fix]) => [code, fix]);
    expect(rows).toEqual(Object.entries(refusals));
  });
});

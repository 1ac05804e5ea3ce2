import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { factsMarkdown } from './document.js';
import { factFields } from './fields.js';
import { runtimePolicySettings } from './policy.js';

describe('factsMarkdown', () => {
  it('is what docs/image-facts.md says', () => {
    expect(readFileSync(join(__dirname, '../../../docs/image-facts.md'), 'utf8')).toBe(factsMarkdown(factFields));
  });

  it('says of each field and each setting what it means', () => {
    const names = factFields.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    const undescribed = Object.entries(runtimePolicySettings.shape).filter(([, { description }]) => !description);
    expect(undescribed).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { factsMarkdown } from './document.js';
import { factFields } from './fields.js';
import { runtimePolicySettings } from './policy.js';

describe('factsMarkdown', () => {
  it('generates docs/image-facts.md', () => {
    expect(readFileSync(join(__dirname, '../../../docs/image-facts.md'), 'utf8')).toBe(factsMarkdown(factFields));
  });

  it('describes each field and each setting', () => {
    const names = factFields.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    const undescribed = Object.entries(runtimePolicySettings.shape).filter(([, { description }]) => !description);
    expect(undescribed).toEqual([]);
  });
});

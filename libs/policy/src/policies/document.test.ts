import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { builtInPolicies } from './built-in.js';
import { policiesMarkdown } from './document.js';
import { readPolicy } from './policy-file.js';

const page = readFileSync(join(__dirname, '../../../../docs/policies.md'), 'utf8');

describe('policiesMarkdown', () => {
  it('docs/policies.md is up to date: npm run docs', () => {
    expect(policiesMarkdown(builtInPolicies)).toBe(page);
  });

  it('shows a policy that can be read', () => {
    const [, example = ''] = /```yaml\n(name: [\s\S]*?)```/.exec(page) ?? [];
    expect(readPolicy(example, 'example.yaml')).toMatchObject({ name: 'few-and-fresh', rules: [{}, {}] });
  });
});

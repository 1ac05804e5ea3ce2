import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { builtInPolicies } from './built-in.js';
import { policiesMarkdown } from './document.js';
import { readPolicy } from './policy-file.js';

const page = readFileSync(join(__dirname, '../../../../docs/policies.md'), 'utf8');

describe('policiesMarkdown', () => {
  it('generates docs/policies.md (else: npm run docs)', () => {
    expect(policiesMarkdown(builtInPolicies)).toBe(page);
  });

  it('contains a policy that compiles', () => {
    const [, example = ''] = /```yaml\n(name: [\s\S]*?)```/.exec(page) ?? [];
    expect(readPolicy(example, 'example.yaml')).toMatchObject({ name: 'few-and-fresh', rules: [{}, {}] });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { roles } from '@tidewaiter/domain';

import { controllers } from '../console.module.js';
import { apiMethods } from '../openapi/api-methods.js';

const page = readFileSync(join(import.meta.dirname, '../../../../../docs/access.md'), 'utf8');

describe('docs/access.md', () => {
  it('lists every route whose role is not viewer', () => {
    const rows = ['none', ...roles]
      .filter((role) => role !== 'viewer')
      .flatMap((role) =>
        apiMethods(controllers)
          .filter(({ operation }) => operation?.role === role)
          .map(({ method, path }) => `| \`${method.toUpperCase()} ${path}\` | \`${role}\` |`),
      );
    expect(page.split('\n').filter((line) => /^\| `[A-Z]+ \//.test(line))).toEqual(rows);
  });

  it('lists every role of the API', () => {
    const section = page.split(/^## /m).find((text) => text.startsWith('Roles\n')) ?? '';
    expect([...section.matchAll(/^\| `(\w+)` \| [^`]/gm)].map(([, role]) => role)).toEqual(roles);
  });
});

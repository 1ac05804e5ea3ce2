import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { roles } from '@tidewaiter/domain';
import { auditActions } from '@tidewaiter/store';

import { controllers } from '../console.module.js';
import { apiMethods } from '../openapi/api-methods.js';

const docs = join(import.meta.dirname, '../../../../../docs');
const page = readFileSync(join(docs, 'access.md'), 'utf8');

describe('docs/audit.md', () => {
  it('lists every action of the audit log', () => {
    const text = readFileSync(join(docs, 'audit.md'), 'utf8');
    const section = text.split(/^## /m).find((each) => each.startsWith('Actions\n')) ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) =>
      [...row.split(' | ')[0]!.matchAll(/`([\w-]+\.[\w-]+)`/g)].map(([, name]) => name),
    );
    expect(new Set(listed)).toEqual(new Set(auditActions));
  });
});

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

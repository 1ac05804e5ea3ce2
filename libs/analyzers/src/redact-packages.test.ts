import type { PackageRecord } from '@tidewaiter/domain';

import { redactPackages } from './redact-packages.js';

const token = `ghp_${'Ab3dEf6hIj'.repeat(4).slice(0, 36)}`;
const record = (more: Partial<PackageRecord>): PackageRecord => ({
  type: 'npm',
  name: 'left-pad',
  version: '1.3.0',
  source: { name: 'left-pad', version: '1.3.0' },
  licenses: ['MIT'],
  foundIn: 'app/node_modules/left-pad/package.json',
  ...more,
});

describe('redactPackages', () => {
  it.each([
    ['license', { licenses: [`see https://bot:${token}@git.example.com/a`] }],
    ['name', { name: `deploy-${token}` }],
    ['version', { version: `1.0.0+PASSWORD=${token}` }],
    ['qualifier', { qualifiers: { repository_url: `https://a:${token}@example.com` } }],
  ])('masks a secret in the %s', (_, more) => {
    const [safe] = redactPackages([record(more)]);
    expect(JSON.stringify(safe)).toContain('****');
    expect(JSON.stringify(safe)).not.toContain(token);
  });

  it('returns packages without secrets unchanged', () => {
    const clean = Array.from({ length: 600 }, (_, nth) => record({ name: `task-runner-notification-service-${nth}` }));
    expect(redactPackages([...clean, record({ name: token })]).slice(0, 600)).toEqual(clean);
  });
});

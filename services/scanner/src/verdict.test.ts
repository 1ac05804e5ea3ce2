import type { Finding, Severity } from '@tidewaiter/domain';

import { changedFindings, changedPackages, countFindings } from './verdict.js';

const finding = (severity: Severity, more: Partial<Finding> = {}) =>
  ({ severity, state: 'present', fingerprint: `${severity} hole`, ...more }) as Finding;

it('counts a finding of two platforms once', () => {
  const counts = countFindings([finding('high'), finding('high'), finding('high', { fingerprint: 'another' })]);
  expect(counts).toMatchObject({ high: 2, critical: 0 });
});

it('says what came and what went', () => {
  const now = [finding('high', { fingerprint: 'a' }), finding('high', { fingerprint: 'b' })];
  const before = [
    finding('high', { fingerprint: 'b' }),
    finding('low', { fingerprint: 'c' }),
    finding('low', { fingerprint: 'd', state: 'shadowed' }),
  ];
  expect(changedFindings(now, before)).toEqual({ introduced: 1, resolved: 1 });
});

it('compares packages by type and name', () => {
  const pkg = (name: string, version: string, type = 'deb') => ({ type, name, version });
  const now = [pkg('openssl', '2'), pkg('zlib', '1'), pkg('zlib', '1'), pkg('musl', '1', 'apk')];
  const before = [pkg('openssl', '1'), pkg('zlib', '1'), pkg('bash', '1'), pkg('musl', '1')];
  expect(changedPackages(now, before)).toEqual({ added: 1, removed: 2, changed: 1 });
});

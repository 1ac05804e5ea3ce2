import type { Finding, Severity } from '@tidewaiter/domain';

import { changedFindings, changedPackages, countFindings, verdictOf } from './verdict.js';

const finding = (severity: Severity, more: Partial<Finding> = {}) =>
  ({ severity, state: 'present', fingerprint: `${severity} hole`, ...more }) as Finding;

const warning = (code: string) => ({ code, message: code });

it.each<[string, Finding[], string[], string]>([
  ['nothing found', [], [], 'pass'],
  ['a high finding', [finding('high')], [], 'fail'],
  ['a critical finding in what could be read', [finding('critical')], ['OS_UNKNOWN'], 'fail'],
  ['a medium finding', [finding('medium')], [], 'pass'],
  ['a critical finding that a later layer hides', [finding('critical', { state: 'shadowed' })], [], 'pass'],
  ['a finding that nobody has rated', [finding('unknown')], [], 'unknown'],
  ['a version that could not be compared', [finding('low', { match: 'unknown' })], [], 'unknown'],
  ['no distribution', [], ['OS_UNKNOWN'], 'unknown'],
  ['no advisories for the release', [finding('low')], ['ADVISORIES_MISSING'], 'unknown'],
  ['a damaged database', [], ['MALFORMED_FILE'], 'unknown'],
  ['a warning that hides nothing', [], ['PATH_CLAMPED'], 'pass'],
])('%s is %s', (_, findings, codes, verdict) => {
  expect(verdictOf(findings, codes.map(warning))).toBe(verdict);
});

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

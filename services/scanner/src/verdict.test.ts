import type { Finding, Severity } from '@tidewaiter/domain';

import { countFindings } from './verdict.js';

const finding = (severity: Severity, more: Partial<Finding> = {}) =>
  ({ severity, state: 'present', fingerprint: `${severity} hole`, ...more }) as Finding;

it('counts a finding of two platforms once', () => {
  const counts = countFindings([finding('high'), finding('high'), finding('high', { fingerprint: 'another' })]);
  expect(counts).toMatchObject({ high: 2, critical: 0 });
});

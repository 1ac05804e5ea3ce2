import type { ImageFinding } from '../../api/types.js';
import { acceptedName, suppressionText } from './finding-remarks.js';

describe('suppressionText', () => {
  const by = (kind: NonNullable<ImageFinding['by']>['kind'], source: string) => ({
    ...{ counted: false, state: 'present' as const },
    by: { kind, source, reason: 'known', until: '2099-06-30T00:00:00Z', author: 'ann', justification: null },
  });

  it.each([
    ['exception', 'exceptions/known-debt', 'suppressed by exception known-debt · known · until 2099-06-30'],
    ['exception', 'exceptions[0]', 'suppressed by an exception of tidewaiter.yaml · known · until 2099-06-30'],
    ['vex', 'vendor.vex.json', 'suppressed by vendor.vex.json · known · until 2099-06-30'],
  ] as const)('names the source of an %s from %s', (kind, source, text) => {
    expect(suppressionText(by(kind, source))).toBe(text);
  });

  it('is nothing for a finding that counts', () => {
    expect(suppressionText({ counted: true, state: 'present', by: null })).toBeNull();
  });
});

describe('acceptedName', () => {
  it.each([
    ['secret', 'aws-access-token', 'f00d'],
    ['integrity', 'package-file-modified', 'f00d'],
    ['vulnerability', 'CVE-2024-0001', 'CVE-2024-0001'],
    ['misconfiguration', 'image-no-user', 'image-no-user'],
  ] as const)('accepts one %s of %s by %s', (kind, id, name) => {
    expect(acceptedName({ kind, id, fingerprint: 'f00d' })).toBe(name);
  });
});

import { countedFindings, countFindings, groupByLocation } from './counting.js';
import { type Finding, findingOf } from './finding.js';

function vulnerability(more: Partial<Finding> = {}): Finding {
  const known = { kind: 'vulnerability', id: 'CVE-1', title: 'CVE-1', severity: 'high', fingerprint: 'f1' } as const;
  return findingOf({ ...known, layer: 0, state: 'present', installedVersion: '1.0', path: 'app/a.jar', ...more });
}

function secret(more: Partial<Finding> = {}): Finding {
  return vulnerability({ kind: 'secret', id: 'private-key', installedVersion: null, path: 'app/key.pem', ...more });
}

describe('countFindings', () => {
  it.each<[string, Finding[], number]>([
    ['the same finding on two platforms once', [vulnerability({ purl: 'p?arch=a' }), vulnerability({ purl: 'p' })], 1],
    ['a vulnerability in two packages twice', [vulnerability(), vulnerability({ fingerprint: 'f2' })], 2],
    ['two versions of a package twice', [vulnerability(), vulnerability({ installedVersion: '1.1' })], 2],
    ['a package at two paths twice', [vulnerability(), vulnerability({ path: 'app/b.jar' })], 2],
    ['a package that a later layer hides not at all', [vulnerability({ state: 'shadowed' })], 0],
    ['a tampered file that a later layer hides not at all', [secret({ kind: 'integrity', state: 'shadowed' })], 0],
    ['a secret that a later layer deletes', [secret({ state: 'shadowed' })], 1],
    ['a secret in two lower layers once', [secret({ state: 'shadowed' }), secret({ state: 'shadowed', layer: 3 })], 1],
    ['a deleted secret beside a present one once', [secret({ state: 'shadowed' }), secret({ layer: 3 })], 1],
    ['a secret of two paths once', [secret(), secret({ path: 'app/copy.pem' })], 1],
    ['a version that cannot be compared', [vulnerability({ match: 'unknown' })], 1],
  ])('counts %s', (_what, findings, high) => {
    const none = { critical: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
    expect(countFindings(findings)).toEqual({ ...none, high });
    expect(countFindings(findings.toReversed())).toEqual({ ...none, high });
  });

  it('counts by the worst rating if platforms differ', () => {
    const findings = [vulnerability({ severity: 'unknown' }), vulnerability({ severity: 'low' }), vulnerability()];
    expect(countFindings(findings)).toMatchObject({ high: 1, low: 0, unknown: 0 });
  });
});

describe('countedFindings', () => {
  it('keeps one record for each location, in the order of the list', () => {
    const [a, b] = [vulnerability({ path: 'b' }), vulnerability({ path: 'a' })];
    expect(countedFindings([a, b, { ...a }, vulnerability({ path: 'c', state: 'shadowed' })])).toEqual([a, b]);
  });
});

describe('groupByLocation', () => {
  it('does not split a value with a separator', () => {
    const findings = [vulnerability({ path: 'a","b' }), vulnerability({ installedVersion: '1.0","a', path: 'b' })];
    expect(groupByLocation(findings)).toHaveLength(2);
  });
});

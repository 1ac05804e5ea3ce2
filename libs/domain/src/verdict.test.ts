import { type Finding, findingOf } from './finding.js';
import { verdictOf } from './verdict.js';

const finding = (more: Partial<Finding>) =>
  findingOf({
    kind: 'vulnerability',
    id: 'CVE-2026-1',
    severity: 'medium',
    title: 'a hole',
    fingerprint: 'x',
    layer: 0,
    state: 'present',
    ...more,
  });
const warning = (code: string) => ({ code, path: 'a', message: 'not read' });

describe('verdictOf', () => {
  it.each<[string, Partial<Finding>[], string[], string]>([
    ['nothing', [], [], 'pass'],
    ['what is not bad', [{ severity: 'medium' }], [], 'pass'],
    ['what is bad', [{ severity: 'high' }], [], 'fail'],
    ['what a later layer hides', [{ severity: 'critical', state: 'shadowed' }], [], 'pass'],
    ['a secret that a later layer hides', [{ severity: 'critical', state: 'shadowed', kind: 'secret' }], [], 'fail'],
    ['a finding of unknown severity', [{ severity: 'unknown' }], [], 'unknown'],
    ['what could not be compared', [{ match: 'unknown' }], [], 'unknown'],
    ['what could not be read', [], ['MALFORMED_FILE'], 'unknown'],
    ['what is odd and was read', [], ['PARENT_PATH'], 'pass'],
    ['what is bad beside what could not be read', [{ severity: 'high' }], ['MALFORMED_FILE'], 'fail'],
  ])('evaluates %s', (_, findings, codes, expected) => {
    expect(verdictOf(findings.map(finding), codes.map(warning)).result).toBe(expected);
  });

  it('fails at the threshold, with reasons', () => {
    expect(verdictOf([finding({})], [], 'medium')).toEqual({
      result: 'fail',
      reasons: ['1 finding is medium or worse'],
    });
    expect(verdictOf([], [warning('MALFORMED_FILE'), warning('MALFORMED_FILE')])).toEqual({
      result: 'unknown',
      reasons: ['a: not read'],
    });
  });
});

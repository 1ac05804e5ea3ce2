import { errorCatalog } from './error-catalog.js';
import { type Finding, findingOf } from './finding.js';
import { verdictOf, type VerdictRules } from './verdict.js';

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
    ['a likely match of a program', [{ severity: 'critical', confidence: 'likely' }], [], 'pass'],
    ['a doubtful one of unknown severity', [{ severity: 'unknown', confidence: 'possible' }], [], 'pass'],
    ['a likely secret', [{ severity: 'critical', kind: 'secret', confidence: 'likely' }], [], 'fail'],
    ['a file that could not be read', [], ['MALFORMED_FILE'], 'pass'],
    ['a package database that could not be read', [], ['DATABASE_UNREADABLE'], 'unknown'],
    ['what is odd and was read', [], ['PARENT_PATH'], 'pass'],
    ['what is bad beside what could not be read', [{ severity: 'high' }], ['DATABASE_UNREADABLE'], 'fail'],
  ])('evaluates %s', (_, findings, codes, expected) => {
    expect(verdictOf(findings.map(finding), codes.map(warning)).result).toBe(expected);
  });

  it('fails at the threshold, with reasons', () => {
    expect(verdictOf([finding({})], [], { threshold: 'medium' })).toEqual({
      result: 'fail',
      reasons: ['1 finding is medium or worse'],
    });
    expect(verdictOf([], [warning('DATABASE_UNREADABLE'), warning('DATABASE_UNREADABLE')])).toEqual({
      result: 'unknown',
      reasons: ['a: not read'],
    });
  });

  it.each<[string, VerdictRules, string]>([
    ['passes by default', {}, 'pass'],
    ['passes where only policies decide', { threshold: null }, 'pass'],
    ['fails where the user wants so', { onIncomplete: 'fail' }, 'fail'],
    ['fails without a threshold, too', { threshold: null, onIncomplete: 'fail' }, 'fail'],
    ['gives no verdict of a target that is this file', { onIncomplete: 'unknown' }, 'unknown'],
  ])('%s with a file that was not read completely', (_, rules, expected) => {
    const { result, reasons } = verdictOf([], [warning('SECRET_SEARCH_CUT'), warning('PARENT_PATH')], rules);
    expect([result, reasons]).toEqual([expected, expected === 'pass' ? [] : ['a: not read']]);
  });

  it('gives no verdict if a warning about incomplete files concerns the whole image', () => {
    const whole = { code: 'UNREADABLE', message: 'CONFIG_INVALID: no image' };
    expect(verdictOf([], [whole])).toEqual({ result: 'unknown', reasons: ['CONFIG_INVALID: no image'] });
    expect(verdictOf([], [{ ...whole, path: null }]).result).toBe('unknown');
  });

  it('has one meaning for every warning of the catalog', () => {
    const both = Object.entries(errorCatalog).filter(([, entry]) => entry.isBlinding && entry.isIncomplete);
    expect(both).toEqual([]);
  });
});

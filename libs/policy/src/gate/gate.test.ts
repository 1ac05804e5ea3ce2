import { type Finding, findingOf, type Severity } from '@tidewaiter/domain';

import { gateVerdict, readThreshold } from './gate.js';

const hole = (id: string, severity: Severity): Finding =>
  findingOf({ kind: 'vulnerability', id, severity, title: id, fingerprint: id, layer: 0, state: 'present' });
const [old, published, brought] = [hole('OLD', 'critical'), hole('PUBLISHED', 'high'), hole('BROUGHT', 'medium')];
const changes = { introduced: [brought], newlyPublished: [published], unchanged: [old], resolved: [] };
const input = { findings: [old, published, brought], warnings: [], changes, policies: [] };

describe('gateVerdict', () => {
  it.each([
    ['critical', 'fail', '1 finding is critical or worse, in all: OLD'],
    ['high', 'fail', '2 findings are high or worse, in all: OLD, PUBLISHED'],
    ['new:critical', 'pass', undefined],
    ['new:high', 'pass', undefined],
    ['new:medium', 'fail', '1 finding is medium or worse, introduced by this change: BROUGHT'],
  ])('returns for %s: %s', (text, result, reason) => {
    const verdict = gateVerdict(input, readThreshold(text)!);
    expect(verdict).toEqual({ result, reasons: reason === undefined ? [] : [reason] });
  });

  it('fails without a baseline, when every finding may be new', () => {
    expect(gateVerdict({ ...input, changes: null }, readThreshold('new:high')!)).toMatchObject({ result: 'fail' });
  });

  it('is unknown if the image could not be read', () => {
    const warnings = [{ code: 'ADVISORIES_MISSING', message: 'none' }];
    expect(gateVerdict({ ...input, warnings }, readThreshold('new:high')!)).toEqual({
      result: 'unknown',
      reasons: ['none'],
    });
    expect(gateVerdict({ ...input, warnings }, null)).toEqual({ result: 'unknown', reasons: ['none'] });
  });

  it('counts files that were not read completely only if asked to', () => {
    const warnings = [{ code: 'SECRET_SEARCH_CUT', path: 'opt/app.zip', message: 'too large' }];
    const quiet = { ...input, findings: [], changes: null, warnings };
    expect(gateVerdict(quiet, null).result).toBe('pass');
    expect(gateVerdict(quiet, readThreshold('high')!).result).toBe('pass');
    const failed = { result: 'fail', reasons: ['opt/app.zip: too large'] };
    expect(gateVerdict(quiet, null, 'fail')).toEqual(failed);
    expect(gateVerdict(quiet, readThreshold('high')!, 'fail')).toEqual(failed);
  });

  it('is unknown for a new finding of unknown severity', () => {
    const unrated = { ...changes, introduced: [hole('NEW', 'unknown')] };
    expect(gateVerdict({ ...input, changes: unrated }, readThreshold('new:high')!)).toMatchObject({
      result: 'unknown',
    });
  });

  it.each([
    ['enforce', 'fail', 'fail', ['no-secrets: 1 secret']],
    ['enforce', 'unknown', 'unknown', ['no-secrets: 1 secret']],
    ['warn', 'fail', 'pass', []],
    ['audit', 'unknown', 'pass', []],
  ] as const)('applies a policy to %s with result %s: %s', (mode, answer, result, reasons) => {
    const policies = [{ name: 'no-secrets', mode, result: answer, reasons: ['1 secret'] }];
    expect(gateVerdict({ ...input, policies }, null)).toEqual({ result, reasons });
  });

  it('names the first reason of a failure', () => {
    const policies = [{ name: 'p', mode: 'enforce' as const, result: 'fail' as const, reasons: ['no'] }];
    const unrated = { ...changes, introduced: [hole('NEW', 'unknown')] };
    const { result, reasons } = gateVerdict({ ...input, changes: unrated, policies }, readThreshold('new:high')!);
    expect([result, reasons[0], reasons.length]).toEqual(['fail', 'p: no', 2]);
  });

  it.each(['', 'new:', 'awful', 'new:new:high', 'HIGH'])('rejects the threshold %j', (text) => {
    expect(readThreshold(text)).toBeUndefined();
  });
});

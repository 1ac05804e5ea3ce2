import type { DataOf, imageAnalyzed } from '@tidewaiter/events';
import type { PushFinding, PushReport } from '@tidewaiter/messages';

import { hasNoAlerts, isNews, narrowedTo, pushSubjects } from './push-alerts.js';

const finding = (id: string, more: Partial<PushFinding['finding']> = {}, isNew = true): PushFinding => ({
  finding: {
    kind: 'vulnerability',
    id,
    severity: 'high',
    state: 'present',
    title: id,
    fingerprint: id,
    packageName: 'openssl',
    installedVersion: '1',
    path: null,
    fix: { state: 'fixed', version: '2' },
    ...more,
  } as PushFinding['finding'],
  isNew,
  platforms: ['linux/amd64'],
});

const report = (findings: PushFinding[], resolved: PushFinding[] = []) =>
  ({
    repository: 'shop/app',
    tag: '1',
    digest: 'sha256:x',
    owner: 'team-shop',
    pushedAt: '2026-01-01T00:00:00.000Z',
    findings,
    resolved,
  }) as unknown as PushReport;

describe('hasNoAlerts', () => {
  const [own, other] = ['sha256:own', 'sha256:other'];
  it.each<[string, object, boolean]>([
    ['nothing before it', {}, true],
    ['findings of medium severity', { counts: { medium: 3 } }, true],
    ['a finding of high severity', { counts: { high: 1 } }, false],
    ['a finding of unknown severity', { counts: { unknown: 1 } }, false],
    ['the digest of its baseline', { previousDigest: own }, true],
    ['another digest before it', { previousDigest: other }, false],
    [
      'a release before it',
      { comparedWith: { tag: '1', digest: other, reason: 'previous-version', line: null } },
      false,
    ],
    [
      'the digest of the release before it',
      { previousDigest: null, comparedWith: { tag: '1', digest: own, reason: 'previous-push', line: null } },
      true,
    ],
  ])('decides a push with %s', (_, given, expected) => {
    const data = { digest: own, previousDigest: null, comparedWith: null, counts: {}, ...given };
    expect(hasNoAlerts(data as DataOf<typeof imageAnalyzed>)).toBe(expected);
  });
});

describe('isNews', () => {
  it('alerts on findings that are critical, high or unknown', () => {
    const subjects = pushSubjects(
      report([
        finding('bad', { kev: true }),
        finding('worse', { severity: 'critical', fix: { state: 'not-fixed', version: null } }, false),
        finding('mild', { severity: 'medium' }),
        finding('unrated', { severity: 'unknown' }),
        finding('hidden', { state: 'shadowed' }),
      ]),
    );
    expect(subjects.map(({ alert }) => alert.labels)).toEqual([
      expect.objectContaining({
        rule: 'bad',
        severity: 'high',
        repository: 'shop/app',
        tag: '1',
        package: 'openssl',
        fixable: 'true',
        new: 'true',
        kev: 'true',
        owner: 'team-shop',
      }),
      expect.objectContaining({ rule: 'worse', severity: 'critical', fixable: 'false', new: 'false', kev: 'false' }),
      expect.objectContaining({ rule: 'unrated', severity: 'unknown', new: 'true' }),
    ]);
  });

  it.each([
    ['a new finding', report([finding('a')]), true],
    ['an old one', report([finding('a', {}, false)]), false],
    ['one that is over', report([], [finding('a')]), false],
  ])('decides whether %s is news', (_, given, expected) => {
    expect(isNews(pushSubjects(given))).toBe(expected);
  });

  it('restricts the report to the findings of a receiver', () => {
    const given = report([finding('a'), finding('b')], [finding('c'), finding('d')]);
    const subjects = pushSubjects(given).filter(({ about }) => ['b', 'c'].includes(about.finding.finding.id));
    const narrowed = narrowedTo(given, subjects);
    expect([narrowed.findings, narrowed.resolved].map((all) => all.map((each) => each.finding.id))).toEqual([
      ['b'],
      ['c'],
    ]);
  });

  it('keeps the identity of an alert until its end, and separates packages with the same vulnerability', () => {
    const identityOf = (given: PushReport) => pushSubjects(given)[0]?.alert.identity;
    const firing = identityOf(report([finding('CVE-1')]));
    expect(identityOf({ ...report([], [finding('CVE-1', { severity: 'critical' }, false)]), digest: 'sha256:y' })).toBe(
      firing,
    );
    expect(identityOf(report([finding('CVE-1', { fingerprint: 'CVE-1 of another package' })]))).not.toBe(firing);
  });
});

import type { Alert } from '@tidewaiter/domain';
import type { AffectedPlace, FindingReport } from '@tidewaiter/messages';

import { findingSubjects, narrowedTo, reportsOf } from './finding-alerts.js';

function place(tag: string, parts: Partial<AffectedPlace> = {}): AffectedPlace {
  return {
    registry: 'registry.example.com',
    repository: 'shop/checkout',
    tag,
    isTagged: true,
    digest: `sha256:${tag.padStart(64, '0')}`,
    packageName: 'openssl',
    packageType: 'deb',
    installedVersion: '3.0.15-1',
    match: 'affected',
    fix: { state: 'fixed', version: '3.0.17-1' },
    owner: null,
    ...parts,
  };
}

const report: FindingReport = {
  kind: 'vulnerability',
  id: 'CVE-2026-1',
  advisoryId: 'DSA-1',
  title: 'Out-of-bounds read in X.509 parsing',
  severity: 'high',
  exploitation: { kev: false, epss: null },
  status: 'opened',
  reason: 'advisory',
  at: '2026-11-25T10:00:00Z',
  places: [place('1.4'), place('1.5', { packageName: 'libssl3' })],
};

describe('the alerts of an advisory', () => {
  it('are those that a push of the same image would bring', () => {
    const { alert } = findingSubjects(report)[0]!;
    expect(alert).toMatchObject({
      labels: {
        kind: 'vulnerability',
        severity: 'high',
        repository: 'shop/checkout',
        tag: '1.4',
        rule: 'CVE-2026-1',
        package: 'openssl',
        kev: 'false',
        fixable: 'true',
        new: 'true',
      },
      status: 'firing',
      startsAt: report.at,
      endsAt: null,
    });
  });

  it('are of their own where an image runs although its tag points to another', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const places = [place('1.4'), place('1.4', { isTagged: false, digest, running: true })];
    const [tagged, running] = findingSubjects({ ...report, places }).map(({ alert }) => alert);
    expect(JSON.parse(running!.identity)).toEqual([
      ...['running-finding', 'registry.example.com', 'shop/checkout', digest],
      JSON.parse(tagged!.identity).at(-1),
    ]);
    expect(running!.labels).toMatchObject({ tag: '1.4', digest, running: 'true' });
  });

  it('mark malicious packages', () => {
    const malware: FindingReport = { ...report, kind: 'malware', id: 'MAL-2026-1' };
    expect(findingSubjects(malware)[0]!.alert.labels['kind']).toBe('malware');
  });

  it.each([
    [null, undefined],
    [true, 'true'],
    [false, 'false'],
  ])('label whether the image runs, where sensors report it: %s', (running, label) => {
    const [subject] = findingSubjects({ ...report, places: [place('1', { running })] });
    expect(subject!.alert.labels['running']).toBe(label);
  });

  it('name who answers for the image', () => {
    const labelsOf = (owner: string | null) =>
      findingSubjects({ ...report, places: [place('1', { owner })] })[0]!.alert.labels;
    expect(labelsOf('team-shop')['owner']).toBe('team-shop');
    expect(Object.keys(labelsOf(null))).not.toContain('owner');
  });

  it('list only the images that are routed to the receiver', () => {
    const subjects = findingSubjects(report);
    expect(narrowedTo(report, subjects.slice(1)).places).toEqual([report.places[1]]);
  });

  it('contain everything that a message shows', () => {
    const full: FindingReport = {
      ...report,
      reason: 'kev',
      exploitation: { kev: true, epss: 0.71 },
      places: [
        place('1', { running: true, workloads: ['shop/Deployment/a', 'shop/Deployment/b'], owner: 'team-shop' }),
        place('2', { running: false, workloads: [], match: 'unknown', fix: { state: 'wont-fix', version: null } }),
        place('3', { running: null, workloads: [] }),
        place('1', { isTagged: false, digest: `sha256:${'a'.repeat(64)}`, running: true, workloads: [] }),
        place('4', { isTagged: false, tag: null, running: true, workloads: [] }),
      ],
    };
    const other = { ...full, id: 'CVE-2026-2', advisoryId: 'DSA-2' };
    const alerts = [full, other].flatMap((each) => findingSubjects(each).map(({ alert }) => alert));
    expect(reportsOf(alerts)).toEqual([full, other]);
  });

  it('read as an advisory where an older version wrote them', () => {
    const { alert } = findingSubjects(report)[0]!;
    const old: Alert = { ...alert, annotations: { summary: 's', description: 'Title' } };
    expect(reportsOf([old])).toMatchObject([{ id: 'CVE-2026-1', reason: 'advisory', places: [{ match: 'affected' }] }]);
  });

  it('end when it is resolved', () => {
    expect(findingSubjects({ ...report, status: 'resolved' })[0]!.alert).toMatchObject({
      status: 'resolved',
      labels: { new: 'false' },
      endsAt: report.at,
    });
  });
});

import { findingSubjects, narrowedTo } from './finding-alerts.js';
import { findingMessage, type FindingPlace, type FindingReport } from './finding-message.js';

const consoleUrl = 'https://tidewaiter.example.com';

function place(tag: string, parts: Partial<FindingPlace> = {}): FindingPlace {
  return {
    registry: 'registry.example.com',
    repository: 'shop/checkout',
    tag,
    digest: `sha256:${tag.padStart(64, '0')}`,
    packageName: 'openssl',
    packageType: 'deb',
    installedVersion: '3.0.15-1',
    match: 'affected',
    fix: { state: 'fixed', version: '3.0.17-1' },
    running: null,
    kev: false,
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
  status: 'opened',
  at: '2026-11-25T10:00:00Z',
  places: [place('1.4'), place('1.5', { packageName: 'libssl3' })],
};

describe('a message about an advisory that was published', () => {
  it('says what it hits, where, and what to do', () => {
    const message = findingMessage(report, { consoleUrl });
    expect(message).toMatchObject({
      kind: 'finding',
      status: 'firing',
      severity: 'high',
      title: 'High · CVE-2026-1 hits libssl3 and openssl in 2 images',
      facts: [
        { label: 'Vulnerability', value: 'CVE-2026-1' },
        { label: 'Advisory', value: 'DSA-1' },
        { label: 'Packages', value: 'libssl3 and openssl' },
        { label: 'Fixed in', value: '3.0.17-1' },
      ],
      sections: [
        {
          title: 'Images',
          items: [
            { text: 'registry.example.com/shop/checkout:1.4', detail: 'openssl 3.0.15-1, fixed in 3.0.17-1' },
            { text: 'registry.example.com/shop/checkout:1.5', detail: 'libssl3 3.0.15-1, fixed in 3.0.17-1' },
          ],
        },
      ],
    });
    expect(message.summary).toContain(
      'The advisory is new: the images have not changed. Upgrading to 3.0.17-1 fixes it.',
    );
    expect(message.links[0]!.url).toContain(consoleUrl);
  });

  it('does not promise a fix that nobody has', () => {
    const places = [place('1', { fix: { state: 'not-fixed', version: null } })];
    expect(findingMessage({ ...report, places }, { consoleUrl }).summary).toContain('No fixed version is known yet.');
  });

  it('says of which images it is not sure', () => {
    const places = [
      place('1', { installedVersion: '(unknown)', match: 'unknown', fix: { state: 'unknown', version: null } }),
    ];
    expect(findingMessage({ ...report, places }, { consoleUrl }).sections[0]!.items).toMatchObject([
      { detail: 'openssl (unknown), perhaps: its version cannot be compared' },
    ]);
  });

  it('says to remove what is malicious', () => {
    const malware: FindingReport = { ...report, kind: 'malware', id: 'MAL-2026-1' };
    expect(findingMessage(malware, { consoleUrl }).summary).toContain('It is malicious: remove it.');
    expect(findingSubjects(malware)[0]!.alert.labels['kind']).toBe('malware');
  });

  it('says that it is over when the advisory was withdrawn', () => {
    const message = findingMessage({ ...report, status: 'resolved' }, { consoleUrl });
    expect(message).toMatchObject({
      status: 'resolved',
      title: 'Resolved · CVE-2026-1 no longer hits libssl3 and openssl in 2 images',
    });
  });

  it('shows no more than people read, and says how much more there is', () => {
    const places = Array.from({ length: 500 }, (_, index) => place(`${index}`));
    expect(findingMessage({ ...report, places }, { consoleUrl }).sections[0]).toMatchObject({ omitted: 488 });
  });
});

describe('its alerts', () => {
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
        fixable: 'true',
        new: 'true',
        kev: 'false',
      },
      status: 'firing',
      startsAt: report.at,
      endsAt: null,
    });
  });

  it.each([
    [null, undefined],
    [true, 'true'],
    [false, 'false'],
  ])('say whether the image runs, where anybody tells: %s', (running, label) => {
    const [subject] = findingSubjects({ ...report, places: [place('1', { running })] });
    expect(subject!.alert.labels['running']).toBe(label);
  });

  it('name who answers for the image', () => {
    const labelsOf = (owner: string | null) =>
      findingSubjects({ ...report, places: [place('1', { owner })] })[0]!.alert.labels;
    expect([labelsOf('team-shop')['owner'], Object.keys(labelsOf(null)).includes('owner')]).toEqual([
      'team-shop',
      false,
    ]);
  });

  it('tell each receiver only of its own images', () => {
    const subjects = findingSubjects(report);
    expect(narrowedTo(report, subjects.slice(1)).places).toEqual([report.places[1]]);
  });

  it('end when it is resolved', () => {
    expect(findingSubjects({ ...report, status: 'resolved' })[0]!.alert).toMatchObject({
      status: 'resolved',
      labels: { new: 'false' },
      endsAt: report.at,
    });
  });
});

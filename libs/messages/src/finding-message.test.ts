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
      'The advisory is new: the images have not changed. It is in 2 images of 1 repository. Upgrading to 3.0.17-1 fixes it.',
    );
    expect(message.links[0]!.url).toContain(consoleUrl);
  });

  it('says that it is exploited, and first where it runs', () => {
    const places = [place('1', { running: false }), place('2', { running: true }), place('3', { running: true })];
    const message = findingMessage({ ...report, exploitation: { kev: true, epss: 0.71 }, places }, { consoleUrl });
    expect(message.title).toBe('High · CVE-2026-1 (exploited) hits openssl in 3 images');
    expect(message.summary).toContain(
      'CVE-2026-1 is known to be exploited. It is in 3 images of 1 repository; 2 of them run.',
    );
    expect(message.facts).toContainEqual({ label: 'Exploitation', value: 'known, EPSS 0.71' });
    expect(message.sections[0]!.items.map(({ detail }) => detail?.endsWith('· runs'))).toEqual([true, true, false]);
  });

  it('says what is likely, and that none was seen running where containers are told of', () => {
    const places = [place('1', { running: false })];
    const { summary } = findingMessage({ ...report, exploitation: { kev: false, epss: 0.3 }, places }, { consoleUrl });
    expect(summary).toContain('CVE-2026-1 is likely to be exploited soon (EPSS 0.30).');
    expect(summary).toContain('It is in 1 image of 1 repository; none of them was seen running.');
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

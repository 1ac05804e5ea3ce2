import { findingMessage, findingMessages } from './finding-message.js';
import type { AffectedPlace, FindingReport } from './finding-report.js';

const consoleUrl = 'https://tidewaiter.example.com';

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
  reason: 'advisory',
  at: '2026-11-25T10:00:00Z',
  places: [place('1.4'), place('1.5', { packageName: 'libssl3' })],
};

const log4j = (
  id: string,
  severity: FindingReport['severity'],
  fix: string,
  parts: Partial<FindingReport> = {},
): FindingReport => ({
  ...report,
  id,
  advisoryId: `GHSA-${id}`,
  severity,
  places: ['1', '2', '3', '4', '5'].map((tag) =>
    place(tag, {
      repository: `shop/app-${tag}`,
      packageName: 'log4j-core',
      packageType: 'maven',
      installedVersion: '2.14.1',
      fix: { state: 'fixed', version: fix },
      running: tag < '3',
    }),
  ),
  ...parts,
});
const family = [
  log4j('CVE-2021-45046', 'critical', '2.16.0'),
  log4j('CVE-2021-44228', 'critical', '2.15.0', { exploitation: { kev: true, epss: 0.97 } }),
  log4j('CVE-2021-44832', 'medium', '2.17.1'),
  log4j('CVE-2021-45105', 'high', '2.17.0'),
];

describe('findingMessage', () => {
  it('names the vulnerability, the images and the upgrade', () => {
    const message = findingMessage([report], { consoleUrl });
    expect(message).toMatchObject({
      kind: 'finding',
      status: 'firing',
      severity: 'high',
      title: 'High · CVE-2026-1 in libssl3 and openssl: shop/checkout:1.4 and shop/checkout:1.5',
      facts: [
        { label: 'Vulnerability', value: 'CVE-2026-1' },
        { label: 'Advisory', value: 'DSA-1' },
        { label: 'Packages', value: 'libssl3 and openssl' },
        { label: 'Upgrade to', value: '3.0.17-1' },
      ],
      sections: [
        {
          title: 'Images',
          items: [
            { text: 'registry.example.com/shop/checkout:1.4', detail: 'openssl 3.0.15-1 (fixed in 3.0.17-1)' },
            { text: 'registry.example.com/shop/checkout:1.5', detail: 'libssl3 3.0.15-1 (fixed in 3.0.17-1)' },
          ],
        },
      ],
    });
    expect(message.summary).toBe(
      'Out-of-bounds read in X.509 parsing. The advisory is new: the images have not changed. ' +
        'Affected: shop/checkout:1.4 and shop/checkout:1.5 (2 images of 1 repository). Upgrade libssl3 and openssl to 3.0.17-1.',
    );
    expect(message.links[0]!.url).toContain(consoleUrl);
  });

  it('lists exploited vulnerabilities, running images and their workloads first', () => {
    const message = findingMessage([family[1]!], { consoleUrl });
    expect(message.title).toBe('Critical · CVE-2021-44228 (exploited) in log4j-core: 5 images, 2 running');
    expect(message.summary).toContain(
      'CVE-2021-44228 is known to be exploited. Affected: shop/app-1:1, shop/app-2:2, shop/app-3:3, shop/app-4:4 and 1 more (5 images of 5 repositories, 2 running).',
    );
    const running = place('9', { running: true, workloads: ['shop/Deployment/a', 'shop/Deployment/b'] });
    const { sections } = findingMessage([{ ...report, places: [place('1', { running: false }), running] }], {
      consoleUrl,
    });
    expect(sections[0]!.items[0]!.detail).toBe(
      'openssl 3.0.15-1 (fixed in 3.0.17-1) · running in shop/Deployment/a and shop/Deployment/b',
    );
  });

  it('is one message for vulnerabilities of the same package in the same images, the exploited first', () => {
    const message = findingMessage(family, { consoleUrl });
    expect(message.title).toBe(
      'Critical · CVE-2021-44228 (exploited), CVE-2021-45046 and 2 more in log4j-core: 5 images, 2 running',
    );
    expect(message.summary).toContain('Upgrade log4j-core to 2.17.1.');
    expect(message.sections.map(({ title, items }) => [title, items.length])).toEqual([
      ['Vulnerabilities', 4],
      ['Images', 5],
    ]);
    expect(message.tally).toEqual({ fresh: 4, exploited: 1, still: 0, fixed: 0 });
    expect(findingMessages(family, { consoleUrl })).toEqual([message]);
  });

  it('gives a line to each package of several, with the names of images in every line', () => {
    const { title, sections } = findingMessage([report, ...family], { consoleUrl });
    expect(title).toBe(
      'Critical · 5 vulnerabilities in 3 packages: 7 images, 2 running; worst CVE-2021-44228 (exploited)',
    );
    expect(sections[0]).toMatchObject({
      title: 'Vulnerabilities',
      items: [
        {
          text: 'CVE-2021-44228 (exploited), CVE-2021-45046, CVE-2021-45105 and 1 more in log4j-core, upgrade to 2.17.1',
          detail: '5 images, 2 running: shop/app-1:1, shop/app-2:2, shop/app-3:3, shop/app-4:4 and 1 more',
        },
        {
          text: 'CVE-2026-1 in libssl3 and openssl, upgrade to 3.0.17-1',
          detail: 'shop/checkout:1.4 and shop/checkout:1.5',
        },
      ],
    });
    expect(findingMessages([report, ...family], { consoleUrl })).toHaveLength(2);
  });

  it('gives a line to each repository where there are many images', () => {
    const places = Array.from({ length: 200 }, (_, index) =>
      place(`${index}`, { repository: `shop/app-${index % 10}`, running: index < 3 }),
    );
    const { title, sections } = findingMessage([{ ...report, places }], { consoleUrl });
    expect(title).toBe('High · CVE-2026-1 in openssl: 200 images, 3 running');
    expect(sections[0]).toMatchObject({ title: 'Images', omitted: 0 });
    expect(sections[0]!.items).toHaveLength(10);
    expect(sections[0]!.items[0]).toMatchObject({
      text: 'registry.example.com/shop/app-0',
      detail: 'tags 0, 10, 100, 110, 120, 130, 140, 150 and 12 more · 1 tag running',
    });
  });

  it.each<[Partial<FindingReport>, string]>([
    [
      { reason: 'kev', exploitation: { kev: true, epss: null } },
      'High · CVE-2026-1 is now exploited in the wild (KEV): shop/checkout:1, running',
    ],
    [
      { reason: 'epss', exploitation: { kev: false, epss: 0.72 } },
      'High · CVE-2026-1 is now likely to be exploited (EPSS 0.72): shop/checkout:1, running',
    ],
    [{ status: 'resolved' }, 'Resolved · CVE-2026-1 no longer in openssl: shop/checkout:1, running'],
  ])('gives the reason for the message: %j', (parts, title) => {
    const message = findingMessage([{ ...report, places: [place('1', { running: true })], ...parts }], { consoleUrl });
    expect(message.title).toBe(title);
  });

  it('gives the probability, and that no image is seen running where containers are reported', () => {
    const places = [place('1', { running: false })];
    const { summary } = findingMessage([{ ...report, exploitation: { kev: false, epss: 0.3 }, places }], {
      consoleUrl,
    });
    expect(summary).toContain('CVE-2026-1 is likely to be exploited soon (EPSS 0.30).');
    expect(summary).toContain('Affected: shop/checkout:1 (1 image of 1 repository, none running).');
  });

  it('promises no fix where none is known', () => {
    const places = [place('1', { fix: { state: 'not-fixed', version: null } })];
    expect(findingMessage([{ ...report, places }], { consoleUrl }).summary).toContain('No fixed version is known yet.');
  });

  it('marks the images that are not evaluated', () => {
    const places = [
      place('1', { installedVersion: '(unknown)', match: 'unknown', fix: { state: 'unknown', version: null } }),
    ];
    expect(findingMessage([{ ...report, places }], { consoleUrl }).sections[0]!.items).toMatchObject([
      { detail: 'openssl (unknown), possibly: version not comparable' },
    ]);
  });

  it('advises to remove a malicious package', () => {
    const malware: FindingReport = { ...report, kind: 'malware', id: 'MAL-2026-1' };
    expect(findingMessage([malware], { consoleUrl }).summary).toContain('It is malicious: remove it.');
  });

  it('names an image that runs although its tag has moved by its digest', () => {
    const moved = place('1.4', { isTagged: false, digest: `sha256:${'ab'.repeat(32)}`, running: true });
    const places = [
      place('1.4'),
      moved,
      { ...moved, repository: 'shop/cart', tag: null, digest: `sha256:${'cd'.repeat(32)}` },
    ];
    const { title, sections } = findingMessage([{ ...report, places }], { consoleUrl });
    expect(title).toContain('3 images, 2 running');
    expect(sections.find((each) => each.title === 'Images')!.items).toMatchObject([
      { text: 'registry.example.com/shop/cart@sha256:cdcdcdcdcdcd', detail: expect.not.stringContaining('moved') },
      {
        text: 'registry.example.com/shop/checkout@sha256:abababababab',
        detail: 'openssl 3.0.15-1 (fixed in 3.0.17-1) · running · its tag 1.4 has moved',
      },
      { text: 'registry.example.com/shop/checkout:1.4' },
    ]);
  });

  it('names resolved vulnerabilities beside new ones', () => {
    const { status, sections, tally } = findingMessage([{ ...report, status: 'resolved' }, family[0]!], { consoleUrl });
    expect(status).toBe('firing');
    expect(sections.at(-1)).toMatchObject({ title: 'No longer affected', items: [{ severity: null }] });
    expect(tally).toMatchObject({ fresh: 1, fixed: 1 });
  });

  it('cuts names and titles that would hide the rest', () => {
    const long = 'x'.repeat(2_000);
    const places = [place('1', { repository: `${long}/app`, packageName: `\u202e${long}` })];
    const { title, sections } = findingMessage([{ ...report, title: long, places }], { consoleUrl });
    expect(title.length).toBeLessThanOrEqual(140);
    expect(title).toContain('CVE-2026-1');
    for (const { text, detail } of sections.flatMap(({ items }) => items))
      expect(Math.max(text.length, detail?.length ?? 0)).toBeLessThanOrEqual(300);
    expect(JSON.stringify(sections)).not.toContain('\u202e');
  });

  it('states the exploitation once, and each upgrade once', () => {
    const news = { ...report, reason: 'kev' as const, exploitation: { kev: true, epss: null } };
    const { summary } = findingMessage([news], { consoleUrl });
    expect(summary.match(/exploited/g)).toHaveLength(1);
    const narrower = { ...report, id: 'CVE-2026-9', places: report.places.slice(0, 1) };
    const both = findingMessage([report, narrower], { consoleUrl }).summary;
    expect(both.match(/Upgrade .*$/)![0].match(/openssl to /g)).toHaveLength(1);
  });
});

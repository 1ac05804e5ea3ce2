import { kevListOfHead, readKev } from './kev.js';

const catalog = (vulnerabilities: unknown, dateReleased: unknown = '2025-08-25T17:04:19.9796Z') =>
  Buffer.from(JSON.stringify({ title: 'CISA Catalog', dateReleased, vulnerabilities }));
const entry = (cveID: unknown, dateAdded: unknown = '2025-08-25') => ({ cveID, dateAdded, product: 'Git' });

describe('readKev', () => {
  it('parses each entry once and counts unreadable ones', () => {
    const entries = [entry('CVE-2025-48384'), entry('CVE-2025-48384'), entry('git'), entry('CVE-2025-1'), null];
    expect(readKev(catalog([...entries, entry('CVE-2021-44228', '2021-12-10')]))).toEqual({
      releasedAt: '2025-08-25T17:04:19.979Z',
      entries: [
        { cve: 'CVE-2025-48384', addedOn: '2025-08-25' },
        { cve: 'CVE-2021-44228', addedOn: '2021-12-10' },
      ],
      rejected: 3,
    });
  });

  it.each([
    ['no JSON', Buffer.from('<html>')],
    ['an OSV record', Buffer.from('{"id":"A","modified":"2025-01-01T00:00:00Z"}')],
    ['an empty catalog, which would delete the known entries', catalog([])],
    ['a catalog without a date', catalog([entry('CVE-2025-48384')], 'yesterday')],
  ])('rejects %s', (_, bytes) => {
    expect(() => readKev(bytes)).toThrow(expect.objectContaining({ code: 'KEV_FORMAT' }));
  });
});

// In the form of https://docs.vulncheck.com/community/vulncheck-kev/schema.
const vulncheck = [
  {
    vendorProject: 'Apache',
    product: 'Log4j',
    cve: ['CVE-2021-44228', 'CVE-2021-45046'],
    vulncheck_xdb: [{ xdb_id: 'a', date_added: '2021-12-11T00:00:00Z' }],
    vulncheck_reported_exploitation: [{ url: 'https://report.example', date_added: '2021-12-09T00:00:00Z' }],
    cisa_date_added: '2021-12-10T00:00:00Z',
    date_added: '2021-12-09T00:00:00Z',
  },
  { cve: ['CVE-2026-1000'], date_added: '2026-10-06T12:30:00Z' },
  { cve: [], date_added: '2026-10-07T00:00:00Z' },
  { cve: ['CVE-2026-1001'], date_added: '2026-10-08' },
];
const bytes = (json: unknown) => Buffer.from(JSON.stringify(json));

describe('readKev of VulnCheck', () => {
  it.each([
    ['the file of the backup', bytes(vulncheck)],
    ['the only page of the index', bytes({ _meta: { total_pages: 1 }, data: vulncheck })],
  ])('parses %s', (_, file) => {
    expect(readKev(file, 'VulnCheck')).toEqual({
      releasedAt: '2026-10-06T00:00:00.000Z',
      entries: [
        { cve: 'CVE-2021-44228', addedOn: '2021-12-09' },
        { cve: 'CVE-2021-45046', addedOn: '2021-12-09' },
        { cve: 'CVE-2026-1000', addedOn: '2026-10-06' },
      ],
      rejected: 2,
    });
    expect(kevListOfHead(file.toString())).toBe('VulnCheck');
  });
});

describe('readKev of ENISA', () => {
  // The first entry is that of the published list.
  const eu = [
    { cveID: 'CVE-2024-9380', euvdID: 'EUVD-2024-49898', dateReported: '17/01/25', originSource: 'cnw' },
    { cveID: 'CVE-2024-9381', euvdID: 'EUVD-2024-49899', dateReported: '31/02/25' },
    { cveID: 'CVE-2024-9382', euvdID: 'EUVD-2024-49900', dateReported: '-' },
  ];

  it('parses days with the year in two digits', () => {
    expect(readKev(bytes(eu), 'ENISA')).toEqual({
      releasedAt: '2025-01-17T00:00:00.000Z',
      entries: [{ cve: 'CVE-2024-9380', addedOn: '2025-01-17' }],
      rejected: 2,
    });
    expect(kevListOfHead(bytes(eu).toString())).toBe('ENISA');
  });

  it.each([
    ['CISA', bytes(eu)],
    ['ENISA', catalog([entry('CVE-2021-44228')])],
    ['VulnCheck', bytes({ data: [] })],
    ['ENISA', bytes(eu.slice(1))],
    ['VulnCheck', bytes({ _meta: { total_pages: 2 }, data: vulncheck })],
  ] as const)('is not mistaken for a list of %s', (list, file) => {
    expect(() => readKev(file, list)).toThrow(expect.objectContaining({ code: 'KEV_FORMAT' }));
  });
});

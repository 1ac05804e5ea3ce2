import { readKev } from './kev.js';

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

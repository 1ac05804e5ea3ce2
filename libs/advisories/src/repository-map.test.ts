import { readRepositoryMap } from './repository-map.js';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const cpe = 'cpe:/a:redhat:openshift:4.16::el9';
const mapOf = (data: unknown) => bytes({ data, last_updated: '2026-01-01T00:00:00.000Z' });

describe('readRepositoryMap', () => {
  it('reads the CPEs of each repository and counts broken ones', () => {
    const repository = 'rhocp-4.16-for-rhel-9-x86_64-rpms';
    const data = {
      [repository]: { cpes: [cpe], repo_relative_urls: ['content/dist'] },
      empty: { cpes: [] },
      text: { cpes: 'cpe:/a:b' },
      list: { cpes: ['cpe:/a:a:b,c'] },
      'a b': { cpes: [cpe] },
    };
    expect(readRepositoryMap(mapOf(data))).toEqual({
      updatedAt: '2026-01-01T00:00:00.000Z',
      repositories: [{ repository, cpes: [cpe] }],
      rejected: 4,
    });
  });

  it.each([
    ['no JSON', Buffer.from('<html>')],
    ['an empty map, which would delete the known one', mapOf({})],
    ['a map without a date', bytes({ data: { a: { cpes: [cpe] } } })],
  ])('rejects %s', (_, content) => {
    expect(() => readRepositoryMap(content)).toThrow(expect.objectContaining({ code: 'REPOSITORY_MAP_FORMAT' }));
  });
});

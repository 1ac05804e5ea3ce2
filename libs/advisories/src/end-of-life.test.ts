import { readEndOfLife } from './end-of-life.js';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const release = { version: '3.22', codename: null, supportEnds: '2027-05-01', extendedEnds: null };

/** Answer of the API, in the fields that its generator writes. */
const answer = (...result: unknown[]) =>
  bytes({ schema_version: '1.2.0', generated_at: '2026-11-01T04:00:00+00:00', total: result.length, result });
const alpine = {
  name: 'alpine-linux',
  aliases: ['alpine'],
  label: 'Alpine Linux',
  category: 'os',
  labels: { eoas: null, discontinued: null, eol: 'Security Support', eoes: null },
  releases: [
    {
      name: '3.22',
      codename: null,
      label: '3.22',
      releaseDate: '2025-05-30',
      isLts: false,
      isEol: false,
      eolFrom: '2027-05-01',
      latest: null,
    },
  ],
};

describe('readEndOfLife', () => {
  it('reads the answer of the API', () => {
    const debian = {
      name: 'debian',
      label: 'Debian',
      releases: [
        { name: '12', codename: 'Bookworm', isEol: true, eolFrom: '2026-07-11', isEoes: false, eoesFrom: '2028-06-30' },
        { name: '7', codename: null, isEol: true, eolFrom: null, isEoes: true, eoesFrom: null },
        { name: '6', codename: null, isEol: true, eolFrom: null, isEoes: null, eoesFrom: null },
      ],
    };
    expect(readEndOfLife(answer(alpine, debian))).toEqual({
      publishedAt: '2026-11-01T04:00:00.000Z',
      products: [
        { product: 'alpine-linux', title: 'Alpine Linux', releases: [release] },
        {
          product: 'debian',
          title: 'Debian',
          releases: [
            { version: '12', codename: 'Bookworm', supportEnds: '2026-07-11', extendedEnds: '2028-06-30' },
            { version: '7', codename: null, supportEnds: 'over', extendedEnds: 'over' },
            { version: '6', codename: null, supportEnds: 'over', extendedEnds: null },
          ],
        },
      ],
      rejected: 0,
    });
  });

  it('reads a file of the sources, whose ends are days, yes, no or absent', () => {
    const releases = [
      { cycle: '3.22', securitySupportEnds: '2027-05-01', latest: '3.22.1' },
      { cycle: '3.23', securitySupportEnds: false, extendedSupportEnds: true },
      { cycle: '2', securitySupportEnds: true },
      { cycle: '1' },
    ];
    const file = { date: '2026-08-22', products: { 'alpine-linux': { title: 'Alpine Linux', releases } } };
    expect(readEndOfLife(bytes(file))).toEqual({
      publishedAt: '2026-08-22T00:00:00.000Z',
      products: [
        {
          product: 'alpine-linux',
          title: 'Alpine Linux',
          releases: [
            release,
            { version: '3.23', codename: null, supportEnds: 'ongoing', extendedEnds: 'over' },
            { version: '2', codename: null, supportEnds: 'over', extendedEnds: null },
          ],
        },
      ],
      rejected: 0,
    });
  });

  it('counts products that cannot be read, and reads the others', () => {
    const broken = [null, { ...alpine, name: '../x' }, { ...alpine, releases: [{ name: '1', isEol: 'soon' }] }];
    expect(readEndOfLife(answer(alpine, ...broken))).toMatchObject({
      products: [{ product: 'alpine-linux' }],
      rejected: 3,
    });
  });

  it.each([
    ['no JSON', Buffer.from('<html>')],
    ['an empty answer, which would delete the known products', answer()],
    ['an answer without a date', bytes({ result: [alpine] })],
    ['one product of the API', bytes({ generated_at: '2026-11-01T04:00:00Z', result: alpine })],
    ['a catalog of CISA', bytes({ catalogVersion: '1', vulnerabilities: [] })],
  ])('rejects %s', (_, content) => {
    expect(() => readEndOfLife(content)).toThrow(expect.objectContaining({ code: 'END_OF_LIFE_FORMAT' }));
  });
});

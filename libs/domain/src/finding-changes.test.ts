import { buildTime, findingChanges, publishedAt } from './finding-changes.js';
import { type Finding, findingOf } from './finding.js';

const old = { purl: 'pkg:deb/debian/zlib@1', state: 'present' } as const;
const createdAt = new Date('2026-03-01T00:00:00Z');

function hole(id: string, published: string | null, more: Partial<Finding> = {}): Finding {
  const known = { severity: 'high', title: id, fingerprint: id, layer: 0, state: 'present' } as const;
  return findingOf({
    kind: 'vulnerability',
    id,
    ...known,
    purl: old.purl,
    evidence: published ? { published } : {},
    ...more,
  });
}

const [early, late] = ['2026-02-01T00:00:00Z', '2026-04-01T00:00:00Z'];
const before = { findings: [hole('A', early), hole('B', late), hole('C', early)], packages: [old], createdAt };
const inAnother = { purl: 'pkg:deb/debian/zlib@2' };

describe('findingChanges', () => {
  it.each<[string, Finding, keyof ReturnType<typeof findingChanges>]>([
    ['a hole of both', hole('A', early), 'unchanged'],
    ['a common vulnerability without a date', hole('A', null), 'unchanged'],
    ['a hole of both that became known since', hole('B', late), 'newlyPublished'],
    ['a hole of both in another version', hole('B', late, inAnother), 'newlyPublished'],
    ['a hole that became known since, of a package of both', hole('D', late), 'newlyPublished'],
    ['a hole that was known, of a package of both', hole('D', early), 'introduced'],
    ['a vulnerability without a date', hole('D', null), 'introduced'],
    ['a hole that became known since, of a version that the change brought', hole('D', late, inAnother), 'introduced'],
    ['a secret', hole('D', late, { kind: 'secret' }), 'introduced'],
  ])('classifies %s', (_what, finding, list) => {
    expect(findingChanges(before, [finding])[list]).toEqual([finding]);
  });

  it('reports resolved findings, and none that do not run', () => {
    const shadowed = hole('D', early, { state: 'shadowed' });
    const changes = findingChanges(before, [hole('A', early), shadowed]);
    expect(changes).toMatchObject({
      introduced: [],
      newlyPublished: [],
      unchanged: [{ id: 'A' }],
      resolved: [{ id: 'B' }, { id: 'C' }],
    });
  });

  it('counts findings as introduced if the build time of the earlier image is unknown', () => {
    const changes = findingChanges({ ...before, createdAt: null }, [hole('B', late), hole('D', late)]);
    expect(changes).toMatchObject({ introduced: [{ id: 'D' }], newlyPublished: [], unchanged: [{ id: 'B' }] });
  });

  it.each([
    [undefined, null],
    ['', null],
    ['yesterday', null],
    ['1970-01-01T00:00:00Z', null],
    ['1980-01-01T00:00:01Z', null],
    ['2026-03-01T00:00:00Z', createdAt],
  ])('compares with an image of %s built: %s', (created, at) => {
    expect(buildTime(created)).toEqual(at);
  });

  it('returns null for an invalid date', () => {
    expect(publishedAt(hole('A', 'soon'))).toBeNull();
  });
});

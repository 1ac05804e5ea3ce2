import * as fc from 'fast-check';

import { contentKeyOf, type ImageFile, PackedManifest, packManifest } from './file-manifest.js';

const hash = (letter: string) => letter.repeat(64);
const file = (path: string, owner: string | null = null, sha256: string | null = hash('a')): ImageFile => ({
  path,
  sha256,
  package: owner,
});
const link = (path: string, linkTarget: string): ImageFile => ({ path, sha256: null, package: null, linkTarget });

const image = packManifest([
  file('/usr/bin/dash', 'dash'),
  file('/usr/bin/curl', 'curl', hash('b')),
  file('/usr/bin/unread', null, null),
  file('/entrypoint.sh'),
  link('/bin', 'usr/bin'),
  link('/usr/bin/sh', 'dash'),
  link('/usr/bin/awk', '/etc/alternatives/awk'),
  link('/etc/alternatives/awk', '/usr/bin/curl'),
  link('/opt/up', '../usr/bin'),
  link('/loop', '/loop'),
  link('/gone', '/nowhere'),
  link('/root-link', '/'),
]);

describe('PackedManifest', () => {
  it.each([
    ['/usr/bin/dash', 'a', 'dash'],
    ['/usr/bin/curl', 'b', 'curl'],
    ['/usr/bin/unread', null, null],
    ['/entrypoint.sh', 'a', null],
    ['/bin/dash', 'a', 'dash'],
    ['/bin/sh', 'a', 'dash'],
    ['/bin/awk', 'b', 'curl'],
    ['/opt/up/curl', 'b', 'curl'],
    ['/root-link/entrypoint.sh', 'a', null],
  ])('finds %s', (path, letter, owner) => {
    expect(image.get(path)).toEqual({ sha256: letter && hash(letter), package: owner });
  });

  it.each([
    '/usr/bin',
    '/usr/bin/dashx',
    '/usr/bin/das',
    '/bin/wget',
    '/loop',
    '/gone',
    '/loop/x',
    '',
    '/',
    'usr/bin/dash',
  ])('finds nothing at %j', (path) => {
    expect(image.get(path)).toBeNull();
  });

  it('returns paths and packages of content', () => {
    expect([...image.holding(hash('a'))].toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
      { path: '/entrypoint.sh', package: null },
      { path: '/usr/bin/dash', package: 'dash' },
    ]);
    for (const other of [hash('c'), hash('0'), 'a', '', 'not hex'.repeat(10)])
      expect([...image.holding(other)]).toEqual([]);
  });

  it('finds digests only at their start', () => {
    // The end of one digest and the start of the next look like a third digest.
    const files = packManifest(
      ['ab', 'abab'].map((path) => file(`/${path}`, null, `${'12'.repeat(16)}${'34'.repeat(16)}`)),
    );
    expect([...files.holding(`${'34'.repeat(16)}${'12'.repeat(16)}`)]).toEqual([]);
  });

  it('has one key for each content, and none for empty or unread files', () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const files = [
      file('/1', null, hash('f')),
      file('/2'),
      file('/3'),
      file('/4', null, empty),
      file('/5', null, null),
    ];
    expect([...packManifest(files).contentKeys()]).toEqual([hash('a'), hash('f')].map(contentKeyOf));
    expect([...packManifest([]).contentKeys()]).toEqual([]);
  });

  it('restores from bytes at any position in memory', () => {
    const shifted = Buffer.concat([Buffer.from('x'), image.bytes]).subarray(1);
    for (const kept of [Buffer.from(image.bytes), shifted]) {
      const read = new PackedManifest(kept);
      expect([...read.paths()].toSorted()).toEqual([...image.paths()].toSorted());
      expect(read.get('/bin/awk')).toEqual(image.get('/bin/awk'));
    }
  });

  it('rejects other bytes', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(100), image.bytes.subarray(0, image.bytes.length - 1)]) {
      expect(() => new PackedManifest(bytes)).toThrow(expect.objectContaining({ code: 'MANIFEST_DAMAGED' }));
    }
  });

  it('behaves like a map for any names and seed', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'b', 'usr', 'é', '日本', '..'.repeat(2), '\u{1f600}'),
      fc.string({ minLength: 1, maxLength: 5 }),
    );
    const path = fc
      .array(name, { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.map((part) => part.replaceAll('/', '_').replaceAll('\0', '_')).join('/')}`);
    const sha256 = fc.option(fc.constantFrom(hash('1'), hash('e')));
    const files = fc.uniqueArray(fc.record({ path, sha256, package: fc.option(fc.constantFrom('p', 'q')) }), {
      selector: (each) => each.path,
      maxLength: 60,
    });
    fc.assert(
      fc.property(files, fc.array(path), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (all, others, seed) => {
        const manifest = packManifest(all, seed);
        const known = new Map(all.map((each) => [each.path, { sha256: each.sha256, package: each.package }]));
        for (const asked of [...known.keys(), ...others]) expect(manifest.get(asked)).toEqual(known.get(asked) ?? null);
        expect(manifest.size).toBe(all.length);
      }),
    );
  });

  it('stores 50,000 files in less than 6 MB', () => {
    const files = Array.from({ length: 50_000 }, (_, index) =>
      file(
        `/usr/lib/python3/dist-packages/package-${index % 500}/subpackage/module_${index}.cpython-311.pyc`,
        `p${index % 500}`,
      ),
    );
    expect(packManifest(files).bytes.length).toBeLessThan(6_000_000);
  });
});

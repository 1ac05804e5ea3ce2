import { type Finding, findingOf, maxFindingLocations, type Severity } from '@tidewaiter/domain';
import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { analyzeLayer, configFindings, fileFindings, groupSecrets } from './index.js';

interface Place {
  value: string;
  rule: string;
  path: string | null;
  layer: number;
  severity: Severity;
  isDeleted: boolean;
  owner?: string;
}

function sighting({ value, rule, path, layer, severity, isDeleted, owner }: Place): Finding {
  const place = path === null ? { origin: 'env', name: 'TOKEN' } : { origin: 'file', line: 3 };
  return findingOf({
    ...{ kind: 'secret', id: rule, title: `title of ${rule}`, severity, confidence: 'likely' },
    ...{ fingerprint: value, path, layer: path === null ? null : layer, state: isDeleted ? 'shadowed' : 'present' },
    evidence: {
      ...{ masked: 'ab**', valueFingerprint: value, ...place },
      ...(isDeleted && { removedInLayer: layer + 1 }),
      ...(owner !== undefined && { package: owner, isPublic: severity === 'low', fileOrigin: 'published: why' }),
    },
  });
}

const place = fc.record({
  value: fc.constantFrom('v1', 'v2', 'v3'),
  rule: fc.constantFrom('aws-secret', 'generic'),
  path: fc.constantFrom('a/.env', 'b/.env', 'c.jar!/d.yml', null),
  layer: fc.nat(2),
  severity: fc.constantFrom<Severity>('critical', 'high', 'low', 'negligible'),
  isDeleted: fc.boolean(),
});
const published = fc.record({
  value: fc.constantFrom('v1', 'v9'),
  rule: fc.constantFrom('aws-secret', 'generic'),
  path: fc.constantFrom('node_modules/x/a.js', 'node_modules/x/b.js'),
  layer: fc.nat(2),
  severity: fc.constant<Severity>('low'),
  isDeleted: fc.boolean(),
  owner: fc.constantFrom('pkg:npm/x@1.0.0', 'pkg:npm/%40s/y@2.0.0'),
});
const places = fc.array(fc.oneof(place, published), { maxLength: 20 });
const sorted = (findings: readonly Finding[]) => findings.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
const one = (more: Partial<Place>): Finding =>
  sighting({ value: 'v', rule: 'r', path: 'p', layer: 0, severity: 'high', isDeleted: false, ...more });

describe('groupSecrets', () => {
  it('makes one finding of each value, in any distribution of places', () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 20 }), (all) => {
        const grouped = groupSecrets(all.map(sighting));
        const values = new Set(all.map(({ value }) => value));
        expect(grouped).toHaveLength(values.size);
        expect(new Set(grouped.map(({ evidence }) => evidence['valueFingerprint']))).toEqual(values);
        for (const { evidence, locations = [], state } of grouped) {
          const own = all.filter(({ value }) => value === evidence['valueFingerprint']);
          const paths = new Set(own.map(({ path }) => path));
          expect(new Set(locations.map(({ path }) => path))).toEqual(paths);
          expect(state).toBe(locations.some((each) => each.state === 'present') ? 'present' : 'shadowed');
        }
      }),
    );
  });

  it('does not depend on the order, on repetition or on what was grouped before', () => {
    fc.assert(
      fc.property(places, fc.nat(20), fc.infiniteStream(fc.nat(100)), (all, cut, random) => {
        // Two different descriptions of one place are no input: a layer has each file once.
        const unique = [
          ...new Map(
            all.map((each) => [JSON.stringify([each.path, each.layer, each.value, each.rule]), each]),
          ).values(),
        ];
        const sightings = unique.map(sighting);
        const expected = sorted(groupSecrets(sightings));
        const ranks = sightings.map(() => random.next().value);
        const shuffled = sightings.map((each, index) => [ranks[index], each] as const).toSorted(([a], [b]) => a - b);
        expect(sorted(groupSecrets(shuffled.map(([, each]) => each)))).toEqual(expected);
        expect(sorted(groupSecrets(expected))).toEqual(expected);
        const parts = [sightings.slice(0, cut), sightings.slice(cut)].map((part) => groupSecrets(part));
        expect(sorted(groupSecrets(parts.flat()))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('is as severe and present as the worst place, under its rule', () => {
    const [finding] = groupSecrets([
      one({ severity: 'low', path: 'a', rule: 'generic' }),
      one({ severity: 'critical', path: 'z', rule: 'aws-secret', layer: 2, isDeleted: true }),
    ]);
    expect(finding).toMatchObject({
      ...{
        id: 'aws-secret',
        title: 'title of aws-secret',
        severity: 'critical',
        state: 'present',
        path: 'z',
        layer: 2,
      },
      evidence: { line: 3, origin: 'file', masked: 'ab**', valueFingerprint: 'v' },
    });
    expect(finding!.evidence).not.toHaveProperty('removedInLayer');
    expect(finding!.locations!.map(({ path }) => path)).toEqual(['z', 'a']);
  });

  it.each<[string, Partial<Place>[], string | null]>([
    [
      'a present place to a deleted one',
      [
        { path: 'a', isDeleted: true },
        { path: 'b', layer: 1 },
      ],
      'b',
    ],
    [
      'the lowest layer',
      [
        { path: 'a', layer: 2 },
        { path: 'b', layer: 1 },
      ],
      'b',
    ],
    ['a file to the config', [{ path: null }, { path: 'b', layer: 9 }], 'b'],
    ['the first path', [{ path: 'b' }, { path: 'a' }], 'a'],
  ])('prefers %s as the primary place', (_, given, expected) => {
    expect(groupSecrets(given.map(one))).toMatchObject([{ path: expected }]);
  });

  it('has a fingerprint of the value alone: neither path, layer nor rule change it', () => {
    const fingerprints = [{}, { path: 'other' }, { layer: 2 }, { rule: 'other' }, { path: null }].map(
      (more) => groupSecrets([one(more)])[0]!.fingerprint,
    );
    expect(new Set(fingerprints).size).toBe(1);
    expect(fingerprints[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(groupSecrets([one({ value: 'w' })])[0]!.fingerprint).not.toBe(fingerprints[0]);
  });

  it('makes one finding of the published files of a package for each rule, at any version', () => {
    const given = ['v1', 'v2', 'v3'].map((value, index) =>
      one({ value, path: `node_modules/x/${index}.js`, severity: 'low', owner: `pkg:npm/x@1.${index % 2}.0` }),
    );
    const [finding, ...others] = groupSecrets(given);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'low', evidence: { package: 'pkg:npm/x@1.0.0' } });
    expect(finding!.locations!.map(({ valueFingerprint }) => valueFingerprint)).toEqual(['v1', 'v2', 'v3']);
    const upgraded = groupSecrets([one({ value: 'v4', severity: 'low', owner: 'pkg:npm/x@2.0.0' })]);
    expect(upgraded[0]!.fingerprint).toBe(finding!.fingerprint);
  });

  it('counts a value of a package in full where it also stands in another file or was changed', () => {
    const inPackage = one({ severity: 'low', path: 'node_modules/x/a.js', owner: 'pkg:npm/x@1' });
    expect(groupSecrets([inPackage, one({ path: 'app/.env' })])).toMatchObject([
      { severity: 'high', path: 'app/.env', locations: [{ path: 'app/.env' }, { package: 'pkg:npm/x@1' }] },
    ]);
    expect(groupSecrets([one({ severity: 'high', owner: 'pkg:npm/x@1' })])).toMatchObject([
      { severity: 'high', evidence: { valueFingerprint: 'v' } },
    ]);
  });

  it('lists a limited number of places and counts the rest, also when joined again', () => {
    const many = Array.from({ length: maxFindingLocations + 5 }, (_, index) => one({ path: `f${index}` }));
    const [finding] = groupSecrets(many);
    expect(finding!.locations).toHaveLength(maxFindingLocations);
    expect(finding!.moreLocations).toBe(5);
    expect(groupSecrets([finding!, one({ path: null })])).toMatchObject([{ moreLocations: 6 }]);
  });

  it('leaves other kinds, and secrets without the fingerprint of their value, as they are', () => {
    const other = findingOf({
      kind: 'integrity',
      id: 'x',
      severity: 'low',
      title: '',
      fingerprint: 'i',
      layer: 0,
      state: 'present',
    });
    expect(groupSecrets([other])).toEqual([other]);
    const bare = { ...one({}), fingerprint: 'f', evidence: {} };
    expect(groupSecrets([other, bare])).toMatchObject([other, { fingerprint: 'f', locations: [{ path: 'p' }] }]);
  });

  const token = ['0a1b2c3d', '1111', '4222', '8333', '444455556666'].join('-');
  const npmrc = (path: string): TarEntry => ({ path, content: `//npm.example.com/:_authToken=${token}\n` });

  it('joins 24 files in three layers and a variable of a real image to one finding', async () => {
    const secretKey = Buffer.alloc(32, 1);
    const tars = [0, 1, 2].map((layer) => Array.from({ length: 8 }, (_, index) => npmrc(`l${layer}/${index}/.npmrc`)));
    tars[2]!.push({ path: 'l0/0/.wh..npmrc' });
    const layers = await Promise.all(
      tars.map((entries) => {
        async function* blob(): AsyncGenerator<Uint8Array> {
          yield tarArchive(entries);
        }
        return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', secretKey });
      }),
    );
    const config = { env: [`NPM_TOKEN=${token}`], labels: {}, history: [], cmd: [], entrypoint: [] };
    const findings = groupSecrets([
      ...fileFindings(layers, overlay(layers.map(({ entries }) => entries)), { secretKey }),
      ...configFindings(config as unknown as Parameters<typeof configFindings>[0], { secretKey }),
    ]);
    expect(findings).toMatchObject([{ state: 'present' }]);
    const locations = findings[0]!.locations!;
    expect(locations).toHaveLength(25);
    expect(locations.filter(({ state }) => state === 'shadowed')).toMatchObject([
      { path: 'l0/0/.npmrc', layer: 0, removedInLayer: 2 },
    ]);
    expect(locations.filter(({ origin }) => origin === 'env')).toMatchObject([{ path: null, name: 'NPM_TOKEN' }]);
  });
});

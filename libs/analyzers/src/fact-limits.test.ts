import { findingOf, type ImagePackage } from '@tidewaiter/domain';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { FactBudget, type FactLimits, factLimits, limitedFindings, limitedPackages } from './fact-limits.js';
import { analyzeLayer, type LayerFacts, type LayerOptions } from './index.js';

const mediaType = 'application/vnd.oci.image.layer.v1.tar';

async function factsOf(entries: TarEntry[], limits: Partial<FactLimits>, more: Partial<LayerOptions> = {}) {
  async function* blob(): AsyncGenerator<Uint8Array> {
    yield tarArchive(entries);
  }
  return (await analyzeLayer(blob, { mediaType, factLimits: limits, ...more })).facts;
}

const manifest = (name: string, license = 'MIT'): TarEntry => ({
  path: `srv/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version: '1.0.0', license }),
});
const manifests = (count: number, license?: string) =>
  Array.from({ length: count }, (_, index) => manifest(`p${index}`, license));
const packagesOf = ({ files }: LayerFacts) => files.flatMap(({ packages = [] }) => packages);
const message = (text: string) => [{ code: 'LIMIT_EXCEEDED', path: null, message: expect.stringContaining(text) }];

describe('FactBudget', () => {
  it('leaves out packages of a layer beyond the limit, and counts them in a warning', async () => {
    const facts = await factsOf(manifests(30), { maxPackages: 10 });
    expect(packagesOf(facts)).toHaveLength(10);
    expect(facts.warnings).toEqual(message('20 packages were not evaluated: maxPackages is 10'));
    const { warnings } = await factsOf(manifests(10), { maxPackages: 10 });
    expect(warnings).toEqual([]);
  });

  it('keeps packages without their licenses beyond the limit on text', async () => {
    const facts = await factsOf(manifests(10, 'x'.repeat(100)), { maxLicenseCharacters: 450 });
    expect(packagesOf(facts).map(({ licenses }) => licenses.length)).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(facts.warnings).toEqual(message('6 packages are without their licenses'));
  });

  it('leaves out secrets beyond the limit', async () => {
    const token = (index: number) => `ghp_aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC${index}\n`;
    const content = Array.from({ length: 9 }, (_, index) => token(index)).join('');
    const options = { secretKey: Buffer.alloc(32, 1) };
    const all = await factsOf([{ path: 'srv/a.env', content }], {}, options);
    const some = await factsOf([{ path: 'srv/a.env', content }], { maxSecrets: 2 }, options);
    expect(some.secrets).toEqual(all.secrets.slice(0, 2));
    expect(some.warnings).toEqual(message(`${all.secrets.length - 2} secrets are not reported`));
  });

  it('leaves out files of packages beyond the limit', async () => {
    const content = Array.from({ length: 20 }, (_, index) => `/usr/lib/x/${index}\n`).join('');
    const facts = await factsOf([{ path: 'var/lib/dpkg/info/x.list', content }], { maxOwnedFiles: 5 });
    expect(facts.files[0]?.owned?.[0]?.files).toHaveLength(5);
    expect(facts.warnings).toEqual(message('15 files of packages were not compared'));
  });

  it('counts the layers of an image together, whatever each may have', async () => {
    const layer = await factsOf(manifests(10), {});
    const budget = new FactBudget({ ...factLimits, maxPackages: 25 });
    const admitted = [layer, layer, layer, layer].map((facts) => packagesOf(budget.admit(facts)).length);
    expect(admitted).toEqual([10, 10, 5, 0]);
    expect(budget.warnings()).toEqual(message('15 packages'));
  });
});

describe('analyzeLayer', () => {
  it('does not keep a text of more than its limit in memory, and warns', async () => {
    const content = Buffer.alloc(32 * 1024 * 1024 + 1, ' ');
    const { warnings } = await factsOf([{ path: 'srv/package-lock.json', content }], {});
    expect(warnings).toMatchObject([{ code: 'LIMIT_EXCEEDED', path: 'srv/package-lock.json' }]);
  });
});

const mib = 1024 * 1024;

function listed(count: number, more: Partial<ImagePackage> = {}): ImagePackage[] {
  const each = { type: 'npm', version: '1', source: { name: 'a', version: '1' }, foundIn: 'a' } as const;
  return Array.from({ length: count }, (_, index) => ({
    ...{ ...each, purl: `pkg:npm/p${index}@1`, name: `p${index}`, layer: 0, state: 'present' as const, licenses: [] },
    ...more,
  }));
}

describe('limitedPackages', () => {
  it('never limits images of lawful density', () => {
    for (const [count, bytes] of [
      [2_000, 100_000],
      [20_000, 10 * mib],
      [30_000, 400 * mib],
    ] as const)
      expect(limitedPackages(listed(count), bytes)).toEqual({ packages: listed(count), warnings: [] });
  });

  it('keeps the packages of the distribution, then the visible ones', () => {
    const deb = listed(1_000, { type: 'deb' });
    const hidden = listed(3_000, { state: 'shadowed' });
    const { packages, warnings } = limitedPackages([...hidden, ...listed(3_000), ...deb], mib);
    const kept = (type: string, state: string) => packages.filter((each) => each.type === type && each.state === state);
    expect([kept('deb', 'present').length, kept('npm', 'present').length, kept('npm', 'shadowed').length]).toEqual([
      1_000, 3_000, 48,
    ]);
    expect(warnings).toEqual(message('2952 packages were not evaluated: maxPackages is 4048'));
  });

  it('applies a configured limit as it is', () => {
    expect(limitedPackages(listed(9_000), 0, { maxPackages: 9_000 }).warnings).toEqual([]);
  });
});

describe('limitedFindings', () => {
  it('keeps the first ones, and counts the others in a warning', () => {
    const finding = findingOf({
      kind: 'secret',
      id: 'x',
      title: 'x',
      severity: 'high',
      confidence: 'certain',
      layer: 0,
      state: 'present',
      evidence: {},
      fingerprint: 'x',
    });
    const all = Array.from({ length: 5_000 }, (_, index) => ({ ...finding, fingerprint: String(index) }));
    const { findings, warnings } = limitedFindings(all, mib);
    expect(findings).toEqual(all.slice(0, 2_024));
    expect(warnings).toEqual(message('2976 findings are not reported'));
  });
});

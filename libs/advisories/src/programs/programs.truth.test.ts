import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { createGunzip, gunzipSync } from 'node:zlib';

import type { PackageRecord } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { readOverride } from '../formats/nvd-overrides/nvd-overrides.js';
import { nvd } from '../formats/nvd/nvd.js';
import { matchPackage } from '../match-package.js';
import { readOsvRecord, type OsvAdvisory } from '../osv-record.js';
import { readOsvZip } from '../osv-zip.js';
import { packageFindings } from '../package-findings.js';
import type { AdvisoryCandidate } from '../statements.js';
import { programEcosystem } from './programs.js';

const feed = sharedData('feeds/nvd');
const bitnami = sharedData('advisories/osv/Bitnami/all.zip');

/** Candidates of each program, by its name. */
class Candidates {
  readonly #byProgram = new Map<string, AdvisoryCandidate[]>();

  add(advisory: OsvAdvisory): void {
    for (const entry of advisory.affected.filter(({ ecosystem }) => ecosystem === programEcosystem)) {
      const known = this.#byProgram.get(entry.name);
      if (known) known.push({ ...entry, advisory });
      else this.#byProgram.set(entry.name, [{ ...entry, advisory }]);
    }
  }

  findings(name: string, version: string) {
    const source = { name, version };
    const pkg: PackageRecord = { type: 'generic', name, version, source, licenses: [], foundIn: 'opt/x' };
    const candidates = this.#byProgram.get(name) ?? [];
    const matches = matchPackage(pkg, { ecosystem: programEcosystem, release: name, names: [name] }, candidates);
    const advisories = new Map(candidates.map(({ advisory }) => [advisory.id, advisory]));
    const hits = matches.map((match) => ({ advisory: advisories.get(match.advisoryId)!, match }));
    return packageFindings({ ...pkg, purl: `pkg:generic/${name}@${version}`, layer: 0, state: 'present' }, hits);
  }

  get programs(): ReadonlySet<string> {
    return new Set(this.#byProgram.keys());
  }
}

async function addNvd(candidates: Candidates): Promise<void> {
  for (const file of readdirSync(feed.path).filter((name) => name.endsWith('.json.gz'))) {
    const bytes = createReadStream(join(feed.path, file)).pipe(createGunzip());
    for await (const item of nvd.read({ name: file, bytes })) {
      if ('error' in item) throw item.error;
      candidates.add(item.advisory);
    }
  }
}

interface Override {
  id: string;
  modified: string | null;
  configurations: unknown;
}

/** The shared copy has the corrections in lines, not in a file each. */
function addOverrides(candidates: Candidates): void {
  const lines = gunzipSync(readFileSync(join(feed.path, 'overrides.jsonl.gz')))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  for (const line of lines) {
    const { id, configurations } = JSON.parse(line) as Override;
    const advisory = readOverride({ _annotation: { cve_id: id }, cve: { configurations } });
    if (advisory) candidates.add(advisory);
  }
}

async function addBitnami(candidates: Candidates): Promise<void> {
  await using file = await open(bitnami.path);
  for await (const item of readOsvZip(file, (await file.stat()).size)) {
    if ('json' in item) candidates.add(readOsvRecord(item.json));
  }
}

interface Case {
  program: string;
  version: string;
  affected: string[];
  unbounded: string[];
  conditional: Record<string, string[][]>;
}

const casesOf = () =>
  readFileSync(join(feed.path, 'truth.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Case);

/** Programs of Go's own database, which is exact, and is asked instead. */
const elsewhere = new Set(['toolchain']);

/** Images whose distribution owns the program: inventories leave it to the distribution. */
const ownedByPackages = new Set([
  ...['1.18.5', '1.19.3', '1.20.2', '1.21.1', '1.22.1', '1.31.1'].map((version) => `busybox ${version}`),
  ...['2.7.18', '3.9.2'].map((version) => `python ${version}`),
]);

describeWith(feed)('programs against the shared truth', () => {
  const candidates = new Candidates();
  beforeAll(async () => addNvd(candidates));

  it('match as the reference does, but for spellings of one version', () => {
    const figures = { right: 0, wrong: 0, missing: 0 };
    for (const { program, version, affected, unbounded, conditional } of casesOf()) {
      const found = new Set(candidates.findings(program, version).map(({ id }) => id));
      const doubtful = new Set([...unbounded, ...Object.keys(conditional)]);
      const wrong = [...found].filter((id) => !affected.includes(id) && !doubtful.has(id));
      const missing = affected.filter((id) => !found.has(id));
      figures.right += affected.length - missing.length;
      figures.wrong += wrong.length;
      figures.missing += missing.length;
      for (const id of wrong) stdout.write(`${program} ${version}: ${id} is not expected\n`);
      for (const id of missing) stdout.write(`${program} ${version}: ${id} is missing\n`);
    }
    const { right, wrong, missing } = figures;
    stdout.write(`NVD: ${JSON.stringify(figures)}\n`);
    // It takes 3.0 and 3.0.0 for two versions, and the update of a range for nothing.
    expect(right / (right + wrong)).toBeGreaterThan(0.99);
    expect(right / (right + missing)).toBeGreaterThan(0.999);
  });

  it('are never certain without bounds or beside an unknown platform, and silent on other systems', () => {
    for (const { program, version, unbounded, conditional } of casesOf()) {
      const findings = candidates.findings(program, version);
      const sure = new Set(findings.filter(({ confidence }) => confidence !== 'possible').map(({ id }) => id));
      const isLinux = (platforms: string[][]) => platforms.some((all) => all.includes('o:linux:linux_kernel'));
      const unsure = Object.entries(conditional).flatMap(([id, platforms]) => (isLinux(platforms) ? [] : [id]));
      expect([...unbounded, ...unsure].filter((id) => sure.has(id))).toEqual([]);
      const onlyWindows = Object.entries(conditional).flatMap(([id, platforms]) =>
        platforms.every((all) => all.every((each) => each === 'o:microsoft:windows')) ? [id] : [],
      );
      expect(findings.filter(({ id }) => onlyWindows.includes(id))).toEqual([]);
    }
  });
});

describeWith(feed, bitnami)('programs against the labels of people', () => {
  const candidates = new Candidates();
  beforeAll(async () => {
    await addNvd(candidates);
    addOverrides(candidates);
    await addBitnami(candidates);
  });

  it('report what is right and little that is wrong', () => {
    const figures = { right: 0, missing: 0, wrong: 0 };
    const rows = readFileSync(join(feed.path, 'labels.tsv'), 'utf8').trimEnd().split('\n').slice(1);
    for (const [kind, program = '', , version = '', cve = '', label, inData] of rows.map((row) => row.split('\t'))) {
      if (kind !== 'binary' || inData === '-' || elsewhere.has(program)) continue;
      if (label === 'FP' && ownedByPackages.has(`${program} ${version}`)) continue;
      const found = candidates.findings(program, version).find(({ id }) => id === cve);
      if (label === 'TP') figures[found ? 'right' : 'missing'] += 1;
      else if (found) figures.wrong += 1;
      if ((label === 'TP') === (found !== undefined)) continue;
      stdout.write(`${label} ${program} ${version} ${cve}: ${found?.confidence ?? 'not found'}\n`);
    }
    stdout.write(`labels: ${JSON.stringify(figures)}\n`);
    expect(figures.right / (figures.right + figures.wrong)).toBeGreaterThan(0.95);
    expect(figures.right / (figures.right + figures.missing)).toBeGreaterThan(0.95);
  });

  it('have records of every program that the shared data is about', () => {
    const listed = Object.keys(JSON.parse(readFileSync(join(feed.path, 'programs.json'), 'utf8')) as object);
    const without = listed.filter((name) => !candidates.programs.has(name));
    stdout.write(
      `programs with records: ${listed.length - without.length} of ${listed.length}, not ${without.join(', ')}\n`,
    );
    expect(without.length / listed.length).toBeLessThan(0.05);
  });
});

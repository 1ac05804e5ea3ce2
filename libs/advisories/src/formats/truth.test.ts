import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { createGunzip } from 'node:zlib';

import type { PackageRecord } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { advisoryKeyOf } from '../advisory-key.js';
import { matchPackage } from '../match-package.js';
import type { OsvAdvisory } from '../osv-record.js';
import type { AdvisoryCandidate } from '../statements.js';
import { amazonUpdateinfo } from './amazon-updateinfo/amazon-updateinfo.js';
import { bunzip2 } from './bzip2.js';
import type { AdvisoryFormat } from './format.js';
import { oracleOval } from './oracle-oval/oracle-oval.js';
import { redHatVex } from './redhat-vex/redhat-vex.js';

const feeds = sharedData('feeds');

/** Files below a folder, by the end of their names. */
function filesIn(folder: string, end: string): string[] {
  const paths = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return paths.filter((path) => path.endsWith(end)).map((path) => join(folder, path));
}

async function advisoriesOf(format: AdvisoryFormat, files: readonly string[]): Promise<OsvAdvisory[]> {
  const advisories: OsvAdvisory[] = [];
  for (const file of files) {
    const packed = createReadStream(file);
    const bytes = file.endsWith('.gz') ? packed.pipe(createGunzip()) : file.endsWith('.bz2') ? bunzip2(packed) : packed;
    for await (const item of format.read({ name: file, bytes })) {
      if ('error' in item) throw item.error;
      advisories.push(item.advisory);
    }
  }
  return advisories;
}

interface Row {
  release: string;
  package: string;
  arch: string;
  version: string;
  expected: string[];
  why: string;
  /** Amazon's: the repository that the package was installed from. */
  origin?: string;
  /** Oracle's. */
  module?: string;
}

const readRows = <T>(feed: string) =>
  readFileSync(join(feeds.path, feed, 'truth.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

function recordOf({ package: name, version, arch, origin, module }: Row): PackageRecord {
  const own = version.replace(/^0:/, '');
  const qualifiers = { ...(origin && { repository_id: origin }), ...(module && { modularity: module }) };
  return {
    type: 'rpm',
    name,
    version: own,
    arch,
    qualifiers,
    source: { name, version: own },
    licenses: [],
    foundIn: '',
  };
}

interface Figures {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

/** Compares what matches with what should, and prints the figures. */
function figuresOf(feed: string, osId: string, advisories: readonly OsvAdvisory[]): Figures {
  const candidates: AdvisoryCandidate[] = advisories.flatMap((advisory) =>
    advisory.affected.map((entry) => ({ ...entry, advisory })),
  );
  const byName = Map.groupBy(candidates, ({ name }) => name);
  const figures = { truePositives: 0, falsePositives: 0, falseNegatives: 0 };
  for (const row of readRows<Row>(feed)) {
    const pkg = recordOf(row);
    const release = row.release.replace(/^.*:/, '');
    const os = {
      id: osId,
      versionId: osId === 'amzn' && release === '1' ? '2018.03' : release,
      name: osId,
      idLike: [],
    };
    const key = advisoryKeyOf(pkg, os)!;
    const matches = matchPackage(
      pkg,
      key,
      key.names.flatMap((name) => byName.get(name) ?? []),
    );
    const found = new Set(matches.filter(({ state }) => state === 'affected').map(({ advisoryId }) => advisoryId));
    const missing = row.expected.filter((id) => !found.has(id));
    const wrong = [...found].filter((id) => !row.expected.includes(id));
    figures.truePositives += row.expected.length - missing.length;
    figures.falsePositives += wrong.length;
    figures.falseNegatives += missing.length;
    for (const id of missing) stdout.write(`${feed}: ${id} is missing for ${JSON.stringify(row)}\n`);
    for (const id of wrong) stdout.write(`${feed}: ${id} is wrong for ${JSON.stringify(row)}\n`);
  }
  stdout.write(`${feed}: ${JSON.stringify(figures)}\n`);
  return figures;
}

interface VexRow {
  feed: 'v1' | 'v2';
  cve: string;
  cpes: string[];
  package: string;
  source: string;
  arch: string;
  version: string;
  module?: string;
  expected: 'affected' | 'fixed' | 'not_affected' | 'not_mentioned';
  fix?: string;
  advisory?: string;
  state?: string;
}

/** Compares statements of Red Hat, with fixes, errata and states, and prints the figures. */
function figuresOfVex(feed: 'v1' | 'v2', advisories: readonly OsvAdvisory[]): Figures {
  const rows = readRows<VexRow>('redhat').filter((row) => row.feed === feed);
  const byId = new Map(advisories.map((advisory) => [advisory.vulnerabilityId, advisory]));
  const figures = { truePositives: 0, falsePositives: 0, falseNegatives: 0 };
  for (const row of rows) {
    const { package: name, cpes, source, arch, module, version } = row;
    const [, sourceName, epoch, sourceVersion] = /^(.+)-(\d+):(.+)$/.exec(source)!;
    const versionOf = (text: string) => text.replace(/^0:/, '');
    const pkg: PackageRecord = {
      ...{ type: 'rpm', name, version: versionOf(version), arch, licenses: [], foundIn: '' },
      qualifiers: { repository_id: cpes.join(','), ...(module && { modularity: module }) },
      source: { name: sourceName!, version: versionOf(`${epoch}:${sourceVersion}`) },
    };
    const release = /redhat:[a-z_]+:(\d+)/.exec(cpes[0]!)![1]!;
    const key = advisoryKeyOf(pkg, { id: 'rhel', versionId: release, name: 'rhel', idLike: [] })!;
    const advisory = byId.get(row.cve);
    const candidates = advisory?.affected.map((entry) => ({ ...entry, advisory })) ?? [];
    const [match] = matchPackage(pkg, key, candidates).filter(({ state }) => state === 'affected');
    const isRight =
      match?.fix.version === (row.fix === undefined ? undefined : versionOf(row.fix)) &&
      match?.evidence.stateNote === row.state &&
      match?.evidence.erratum === row.advisory?.replace(/^.*\//, '');
    if (match && row.expected === 'affected' && isRight) figures.truePositives += 1;
    else if (match) figures.falsePositives += 1;
    else if (row.expected === 'affected') figures.falseNegatives += 1;
    else continue;
    if (!isRight || row.expected !== 'affected') {
      stdout.write(`redhat: ${JSON.stringify(row)}: ${JSON.stringify([match?.fix, match?.evidence])}\n`);
    }
  }
  stdout.write(`redhat ${feed}: ${JSON.stringify(figures)}\n`);
  return figures;
}

function expectGood({ truePositives, falsePositives, falseNegatives }: Figures): void {
  expect(truePositives).toBeGreaterThan(0);
  expect(truePositives / (truePositives + falsePositives)).toBeGreaterThanOrEqual(0.99);
  expect(truePositives / (truePositives + falseNegatives)).toBeGreaterThanOrEqual(0.99);
}

describeWith(feeds)('matches by the feeds of RPM distributions', () => {
  it("agree with the labels of Amazon Linux's advisories", async () => {
    const files = filesIn(join(feeds.path, 'amazon/mirror'), 'updateinfo.xml.gz');
    expectGood(figuresOf('amazon', 'amzn', await advisoriesOf(amazonUpdateinfo, files)));
  });

  it("agree with the labels of Oracle Linux's advisories", async () => {
    const file = join(feeds.path, 'oracle/com.oracle.elsa-all.xml.bz2');
    expectGood(figuresOf('oracle', 'ol', await advisoriesOf(oracleOval, [file])));
  });

  it.each(['v1', 'v2'] as const)('agree with the labels of the %s of Red Hat', async (feed) => {
    const files = filesIn(join(feeds.path, `redhat/vex-${feed}`), '.json');
    expectGood(figuresOfVex(feed, await advisoriesOf(redHatVex, files)));
  });
});

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
import type { AdvisoryFormat } from './format.js';

const feeds = sharedData('feeds');

/** Files below a folder, by the end of their names. */
function filesIn(folder: string, end: string): string[] {
  const paths = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return paths.filter((path) => path.endsWith(end)).map((path) => join(folder, path));
}

async function advisoriesOf(format: AdvisoryFormat, files: readonly string[]): Promise<OsvAdvisory[]> {
  const advisories: OsvAdvisory[] = [];
  for (const file of files) {
    const bytes = file.endsWith('.gz') ? createReadStream(file).pipe(createGunzip()) : createReadStream(file);
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

const rowsOf = (feed: string) =>
  readFileSync(join(feeds.path, feed, 'truth.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

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
  for (const row of rowsOf(feed)) {
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
});

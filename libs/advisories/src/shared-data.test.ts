import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { env, stdout } from 'node:process';

import type { PackageRecord } from '@tidewaiter/domain';

import { ecosystems } from './ecosystems.js';
import { matchPackage } from './match-package.js';
import type { AdvisoryCandidate, PackageMatch } from './match-package.js';
import { readOsvRecord } from './osv-record.js';
import type { OsvAdvisory } from './osv-record.js';
import { readOsvZip } from './osv-zip.js';

const shared = env.TIDEWAITER_SHARED ?? join(__dirname, '../../../../shared');

const candidates = new Map<string, AdvisoryCandidate[]>();

async function* recordsOf(ecosystem: string): AsyncGenerator<OsvAdvisory> {
  const file = await open(join(shared, 'advisories/osv', ecosystem, 'all.zip'));
  try {
    for await (const item of readOsvZip(file, (await file.stat()).size)) {
      if ('error' in item) throw item.error;
      yield readOsvRecord(item.json);
    }
  } finally {
    await file.close();
  }
}

function match(qualified: string, name: string, version: string): PackageMatch[] {
  const [ecosystem = '', ...release] = qualified.split(':');
  const type = ecosystems.get(ecosystem)?.packageType ?? 'deb';
  const source = { name, version };
  const pkg: PackageRecord = { type, name, version, source, licenses: [], foundIn: '' };
  return matchPackage(
    pkg,
    { ecosystem, release: release.join(':'), names: [name] },
    candidates.get(`${qualified} ${name}`) ?? [],
  );
}

const rowsOf = (file: string) =>
  readFileSync(join(shared, 'matching', file), 'utf8')
    .trimEnd()
    .split('\n');
const isOurs = (qualified: string) => ecosystems.has(qualified.split(':', 1)[0] ?? '');

// Real advisories and ground truth; see the READMEs beside them.
(existsSync(shared) ? describe : describe.skip)('real advisories (needs TIDEWAITER_SHARED)', () => {
  beforeAll(async () => {
    for (const ecosystem of ecosystems.keys()) {
      const startedAt = performance.now();
      let records = 0;
      for await (const advisory of recordsOf(ecosystem)) {
        records += 1;
        if (advisory.withdrawn !== null) continue;
        for (const entry of advisory.affected) {
          const key = `${entry.ecosystem}:${entry.release} ${entry.name}`;
          const known = candidates.get(key);
          if (known) known.push({ ...entry, advisory });
          else candidates.set(key, [{ ...entry, advisory }]);
        }
      }
      const perSecond = Math.round((records / (performance.now() - startedAt)) * 1_000);
      stdout.write(`${ecosystem}: ${records} records, ${perSecond} records/s\n`);
    }
  });

  it('match as the oracle says', () => {
    const wrong: string[] = [];
    let rows = 0;
    for (const row of rowsOf('oracle.jsonl')) {
      const question = JSON.parse(row) as { ecosystem: string; package: string; version: string; expected: string[] };
      if (!isOurs(question.ecosystem)) continue;
      rows += 1;
      const matches = match(question.ecosystem, question.package, question.version);
      const found = matches.map(({ advisoryId, state }) => `${advisoryId} ${state}`);
      const expected = question.expected.map((id) => `${id} affected`);
      if (found.toSorted().join() !== expected.toSorted().join()) wrong.push(row);
    }
    expect(rows).toBeGreaterThan(1_000);
    expect(wrong).toEqual([]);
  });

  it('match as people say, where versions decide', () => {
    const counts = { found: 0, missed: 0, wrong: 0 };
    for (const row of rowsOf('labels.tsv')) {
      const [, , , ecosystem = '', name = '', , version = '', , ids = '', label = '', range = ''] = row.split('\t');
      if (!isOurs(ecosystem)) continue;
      const matches = name.split(';').flatMap((candidate) => match(ecosystem, candidate, version));
      const isFound = matches.some(({ advisoryId }) => ids.split(',').includes(advisoryId));
      if (label === 'TP' && ['affected', 'expected-affected'].includes(range))
        counts[isFound ? 'found' : 'missed'] += 1;
      // The others that people call wrong lie in the range all the same: who owns the package decides those.
      if (label === 'FP' && range !== 'affected' && isFound) counts.wrong += 1;
    }
    const recall = counts.found / (counts.found + counts.missed);
    const precision = counts.found / (counts.found + counts.wrong);
    stdout.write(`labels: ${JSON.stringify(counts)}, recall ${recall}, precision ${precision}\n`);
    expect(counts.found).toBeGreaterThan(1_000);
    expect(recall).toBeGreaterThanOrEqual(0.99);
    expect(precision).toBeGreaterThanOrEqual(0.99);
  });

  it('are kept, also where they break the official schema', async () => {
    const odd: [ecosystem: string, id: string][] = [
      ['PyPI', 'PYSEC-2017-27'],
      ['PyPI', 'PYSEC-2026-2'],
      ['Go', 'GHSA-f5pg-7wfw-84q9'],
      ['Maven', 'GHSA-6fxm-66hq-fc96'],
      ['Maven', 'GHSA-9w38-p64v-xpmv'],
    ];
    const found: string[] = [];
    for (const ecosystem of new Set(odd.map(([ecosystem]) => ecosystem))) {
      for await (const { id, affected, dropped } of recordsOf(ecosystem)) {
        if (odd.some(([, name]) => name === id) && affected.length > 0) found.push(id);
        expect(dropped).toEqual([]);
      }
    }
    expect(found.toSorted()).toEqual(odd.map(([, id]) => id).toSorted());
  });
});

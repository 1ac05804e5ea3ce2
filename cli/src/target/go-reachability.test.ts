import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

import { matchPackage, type OsvAdvisory, reachabilityOf, readOsvRecord, readOsvZip } from '@tidewaiter/advisories';
import { analyzers, linkedIn } from '@tidewaiter/analyzers';
import type { LinkedNames, PackageRecord } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

interface TruthRow {
  binary: string;
  osv: string;
  module: string;
  version: string;
  present: boolean;
  /** `no package`: the advisory lists no functions, so that nothing is known beyond the module. */
  names?: string;
}

const needed = ['feeds/go-symbols', 'advisories/osv/Go'].map(sharedData);
const [symbols, records] = needed.map(({ path }) => path) as [string, string];

describeWith(...needed)('reachability of the functions that Go advisories list', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-go-'));
  const programs = new Map<string, LinkedNames>();
  const advisories = new Map<string, OsvAdvisory>();
  let truth: TruthRow[];

  beforeAll(async () => {
    const rows = readFileSync(join(symbols, 'truth.jsonl'), 'utf8').trim().split('\n');
    truth = rows.map((row) => JSON.parse(row) as TruthRow);
    writeFileSync(join(folder, 'bin.tar'), zstdDecompressSync(readFileSync(join(symbols, 'bin.tar.zst'))));
    execFileSync('tar', ['-xf', join(folder, 'bin.tar'), '-C', folder]);
    const goBinary = analyzers.find(({ name }) => name === 'go-binary')!;
    for (const binary of new Set(truth.map((row) => row.binary))) {
      const { linked } = goBinary.analyze({ path: binary, content: readFileSync(join(folder, 'bin', binary)) });
      programs.set(binary, linkedIn(linked!));
    }
    const file = await open(join(records, 'all.zip'));
    for await (const item of readOsvZip(file, (await file.stat()).size)) {
      if ('json' in item) advisories.set((item.json as { id: string }).id, readOsvRecord(item.json));
    }
    await file.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('agrees with every verdict, also about stripped programs', () => {
    const wrong = truth.filter((row) => reachability(row) !== expected(row));
    expect(wrong).toEqual([]);
    expect(truth.length).toBeGreaterThan(1_000);
  });

  function reachability({ binary, osv, module, version }: TruthRow): string | undefined {
    const name = { name: module, version: module === 'stdlib' ? version.replace(/^v/, '') : version };
    const { affected, ...advisory } = advisories.get(osv)!;
    const entries = affected.filter((entry) => entry.name === module);
    const key = { ecosystem: 'Go', release: null, names: [module] };
    const record: PackageRecord = { ...name, type: 'golang', source: name, licenses: [], foundIn: binary };
    const [match] = matchPackage(
      record,
      key,
      entries.map((entry) => ({ ...entry, advisory })),
    );
    return reachabilityOf(name, match?.evidence.imports, [programs.get(binary)!]);
  }

  function expected({ present, names }: TruthRow): string | undefined {
    if (names === 'no package') return undefined;
    return present ? 'linked' : 'not-linked';
  }
});

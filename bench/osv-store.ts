/**
 * Advisories for the benchmarks: those of `TIDEWAITER_SHARED`, a folder in the layout of the OSV
 * bucket.
 */
import { existsSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type OsvAdvisory, readOsvRecord, readOsvZip } from '@tidewaiter/advisories';
import type { Advisories } from '@tidewaiter/store';

const bucket = join(process.env['TIDEWAITER_SHARED'] ?? '../shared', 'advisories/osv');
const batchSize = 1_000;

/** Yields every record of every ecosystem. */
export async function* allAdvisories(): AsyncGenerator<OsvAdvisory> {
  if (!existsSync(bucket)) throw new Error('set TIDEWAITER_SHARED to a folder that has advisories/osv');
  for (const ecosystem of (await readdir(bucket)).toSorted()) {
    const path = join(bucket, ecosystem, 'all.zip');
    if (!existsSync(path)) continue;
    await using file = await open(path);
    for await (const item of readOsvZip(file, (await file.stat()).size)) {
      if ('json' in item) yield readOsvRecord(item.json);
    }
  }
}

/** Writes all of them into PostgreSQL. */
export async function importEverything(advisories: Advisories): Promise<void> {
  let batch: OsvAdvisory[] = [];
  for await (const advisory of allAdvisories()) {
    if (batch.push(advisory) < batchSize) continue;
    await advisories.put(batch);
    batch = [];
  }
  if (batch.length > 0) await advisories.put(batch);
}

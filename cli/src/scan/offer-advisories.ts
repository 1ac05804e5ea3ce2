import { existsSync } from 'node:fs';

import { advisoryFilePath, configuredPlace } from '../cache-dir.js';
import type { EvaluationFlags } from '../target/evaluation-flags.js';
import type { ReadingFlags } from '../target/reading-flags.js';

type Flags = Pick<EvaluationFlags, 'kinds' | 'advisories'> & Pick<ReadingFlags, 'offline' | 'quiet' | 'cacheDir'>;

const question = 'There are no advisories on this machine yet. Fetch them now? It takes some minutes. [Y/n] ';

/**
 * Fetches advisories where a scan would find no vulnerability without them: from the configured
 * artifact at once, else after asking the user at a terminal.
 */
export async function offerAdvisories({ kinds, advisories, offline, quiet, cacheDir }: Flags): Promise<void> {
  const isWanted = kinds.includes('vulnerability') && advisories === undefined && !offline;
  if (!isWanted || existsSync(advisoryFilePath(cacheDir))) return;
  if (configuredPlace() !== undefined) {
    const { takeConfigured } = await import('../advisories/take-file.js');
    return takeConfigured({ cacheDir, quiet: quiet ?? false });
  }
  if (quiet || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question);
  terminal.close();
  if (/^n/i.test(answer.trim())) return;
  const { syncAll } = await import('../advisories/sync.js');
  await syncAll({ ...(cacheDir !== undefined && { cacheDir }) });
}

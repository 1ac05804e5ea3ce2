import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Folder of the chart. */
export const chart = resolve(__dirname, '../../deploy/helm/tidewaiter');

/** Paths of the value files for tests, below the chart. */
export const valueFiles = readdirSync(join(chart, 'ci')).map((name) => `ci/${name}`);

export function chartFile(path: string): string {
  return readFileSync(join(chart, path), 'utf8');
}

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { env } from 'node:process';

import debianPackages from './debian-packages.json' with { type: 'json' };

/** Results of a run, as far as they are read here. */
export interface RunResults {
  testResults: { testFilePath: string; testResults: { status: string; fullName: string }[] }[];
}

export interface Skip {
  file: string;
  test: string;
  /** Missing needs; empty where the test names none. */
  missing: string[];
}

const repository = resolve(import.meta.dirname, '../../..');
const packages: Readonly<Record<string, string>> = { ...debianPackages.usual, ...debianPackages.rare };

/**
 * Lists at the end of a run what was skipped, and for want of what. With `TIDEWAITER_NO_SKIPS` the
 * run fails if this machine could have had it. Node runs this file as it stands, without a build.
 */
export default class SkipReporter {
  #faults: string[] = [];
  readonly #isFiltered: boolean;

  constructor({ testNamePattern = '' }: { testNamePattern?: string }) {
    this.#isFiltered = testNamePattern !== '';
  }

  onRunComplete(_contexts: unknown, results: RunResults): void {
    const skips = skipsOf(results);
    for (const [need, files] of filesByNeed(skips))
      process.stderr.write(`skipped without ${need}: ${files.join(', ')}\n`);
    // A pattern skips all other tests.
    if (env['TIDEWAITER_NO_SKIPS'] !== '1' || this.#isFiltered) return;
    this.#faults = faultsOf(skips, canBeHad);
    for (const fault of this.#faults) process.stderr.write(`FAIL ${fault}\n`);
  }

  /** An error fails the run; Jest does not print it. */
  getLastError(): Error | undefined {
    return this.#faults.length > 0 ? new Error(this.#faults.join('\n')) : undefined;
  }
}

/** Skips for want of what `canBeHad` here, and of tests that name no need. */
export function faultsOf(skips: readonly Skip[], canBeHad: (need: string) => boolean): string[] {
  const needs = [...filesByNeed(skips).keys()].filter(canBeHad);
  const unexplained = skips.filter(({ missing }) => missing.length === 0);
  return [
    ...needs.map((need) => `skipped without ${need}, which this machine can have`),
    ...unexplained.map(({ file, test }) => `skipped without a reason: ${file}: ${test}`),
  ];
}

function filesByNeed(skips: readonly Skip[]): Map<string, string[]> {
  const needs = [...new Set(skips.flatMap(({ missing }) => missing))].toSorted();
  const filesOf = (need: string) => skips.filter(({ missing }) => missing.includes(need)).map(({ file }) => file);
  return new Map(needs.map((need) => [need, [...new Set(filesOf(need))]]));
}

export function skipsOf({ testResults }: RunResults): Skip[] {
  return testResults.flatMap(({ testFilePath, testResults: tests }) =>
    tests
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ fullName }) => ({
        file: relative(repository, testFilePath),
        test: fullName,
        missing: / ?\[needs ([^\]]+)\]$/.exec(fullName)?.[1]?.split(', ') ?? [],
      })),
  );
}

/** Whether a Debian package of this release has it, or the shared data lacks only this path. */
function canBeHad(missing: string): boolean {
  if (missing.startsWith('TIDEWAITER_SHARED/'))
    return existsSync(resolve(repository, env['TIDEWAITER_SHARED'] ?? '../shared'));
  const name = packages[missing];
  if (name === undefined) return false;
  try {
    return execFileSync('apt-cache', ['show', name], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0;
  } catch {
    return false;
  }
}

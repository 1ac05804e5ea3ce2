/**
 * Cost of scans beside an earlier build and beside Trivy, run in turns. Fails when a ratio of CPU
 * time is worse than it was. See README.md.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { parseArgs } from 'node:util';

import { measure, median, nodeFlags } from './measure.ts';

/** Ratios of CPU time to Trivy's for each work, as last measured. */
interface Baseline {
  /** Factor by which a ratio may be worse before it is a fault: other load moves medians. */
  tolerance: number;
  toTrivy: Record<string, number>;
}

/** One command of a user, as each program runs it. */
interface Work {
  name: string;
  /** Arguments of Tidewaiter. */
  own: string[];
  /** Arguments of Trivy for the same work. */
  peer: string[];
  /** Whether nothing is known before each run. */
  isCold: boolean;
}

const root = resolve(import.meta.dirname, '..');
const baselinePath = join(import.meta.dirname, 'baseline.json');
const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    pairs: { type: 'string', default: '7' },
    write: { type: 'boolean', default: false },
  },
});
const { TIDEWAITER_CORPUS: corpus = '', TRIVY: trivy } = env;
if (!existsSync(join(corpus, 'oci')) || (!values.base && !trivy)) {
  console.error(
    'TIDEWAITER_CORPUS must name a folder with OCI layouts in oci/NAME; compare with --base FOLDER or TRIVY',
  );
  process.exit(64);
}

const scratch = await mkdtemp(join(tmpdir(), 'tidewaiter-guard-'));
env['NODE_COMPILE_CACHE'] = join(scratch, 'compiled');
try {
  process.exitCode = await guard(values.base);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** Measures each work, and prints its ratios. @returns the exit code */
async function guard(base: string | undefined): Promise<number> {
  const baseline = JSON.parse(readFileSync(baselinePath, 'utf8')) as Baseline;
  const faults: string[] = [];
  console.log(`medians of ${values.pairs} ratios of CPU time; may be worse by the factor ${baseline.tolerance}`);
  for (const work of works()) {
    const [toBase, toTrivy] = await ratios(work, base);
    const before = baseline.toTrivy[work.name];
    console.log(
      `  ${work.name.padEnd(36)} to the earlier build ${shown(toBase)}  to Trivy ${shown(toTrivy)} (was ${shown(before)})`,
    );
    if (toBase !== undefined && toBase > baseline.tolerance) faults.push(`${work.name}: slower than the earlier build`);
    if (toTrivy === undefined) continue;
    if (values.write) baseline.toTrivy[work.name] = Number(toTrivy.toFixed(2));
    else if (toTrivy > (before ?? Infinity) * baseline.tolerance) faults.push(`${work.name}: slower than it was`);
  }
  if (values.write) await writeFile(baselinePath, `${JSON.stringify(baseline, null, 2)}\n`);
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

function shown(ratio: number | undefined): string {
  return ratio?.toFixed(2) ?? '-';
}

function works(): Work[] {
  const quiet = ['--quiet', '--offline-scan', '--skip-db-update', '--skip-java-db-update'];
  const scan = (image: string, kinds: string, isCold: boolean): Work => {
    const layout = join(corpus, 'oci', image);
    return {
      name: `${image}, ${kinds}, ${isCold ? 'cold' : 'known'}`,
      own: ['scan', `oci:${layout}`, '--kinds', kinds, '-o', 'json=/dev/null', '--quiet'],
      peer: ['image', ...quiet, '--scanners', 'secret', '--format', 'json', '--output', '/dev/null', '--input', layout],
      isCold,
    };
  };
  const packages = 'vulnerability,secret';
  return [
    { name: '--version', own: ['--version'], peer: ['--version'], isCold: false },
    scan('alpine-3.18', packages, false),
    scan('alpine-3.18', packages, true),
    scan('java-app', packages, true),
    scan('debian-12-min', packages, true),
    scan('debian-12-min', `${packages},integrity,malware,supply-chain,misconfiguration`, true),
  ];
}

/** Ratios of our CPU time to that of the earlier build and of Trivy; the programs take turns. */
async function ratios(work: Work, base: string | undefined): Promise<(number | undefined)[]> {
  const folder = (name: string) => join(scratch, `cache-${name}`);
  const flags = work.own[0] === 'scan' ? nodeFlags : nodeFlags.slice(0, 1);
  const tidewaiter = (place: string, name: string) => [
    ...[execPath, ...flags, join(place, 'cli/dist/bundle/main.js'), ...work.own],
    ...(work.own[0] === 'scan' ? ['--cache-dir', folder(name)] : []),
  ];
  const programs = [
    { name: 'own', command: tidewaiter(root, 'own') },
    base === undefined ? undefined : { name: 'base', command: tidewaiter(resolve(base), 'base') },
    trivy === undefined ? undefined : { name: 'trivy', command: [trivy, ...work.peer, '--cache-dir', folder('trivy')] },
  ];
  const found: number[][] = programs.map(() => []);
  for (let run = 0; run <= Number(values.pairs); run += 1) {
    const seconds: (number | undefined)[] = [];
    for (const program of programs) {
      if (program && work.isCold) await rm(folder(program.name), { recursive: true, force: true });
      seconds.push(program && (await measure(program.command)).cpuSeconds);
    }
    // The first run fills the caches.
    if (run === 0) continue;
    for (const [index, other] of seconds.entries()) if (other !== undefined) found[index]!.push(seconds[0]! / other);
  }
  return found.slice(1).map((all) => (all.length > 0 ? median(all) : undefined));
}

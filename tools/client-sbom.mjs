import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/**
 * CycloneDX of packages of the lock file, by their folders there: our own program lists what a lock
 * file with these names.
 */
export function sbomOf(packages) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const named = packages.map((path) => [path, lock.packages[path]]);
  const work = mkdtempSync(join(tmpdir(), 'tidewaiter-sbom-'));
  try {
    mkdirSync(join(work, 'tidewaiter'));
    const left = JSON.stringify({ ...lock, packages: Object.fromEntries(named) });
    writeFileSync(join(work, 'tidewaiter/package-lock.json'), left);
    const program = join(root, 'cli/dist/bundle/main.js');
    const args = [program, 'sbom', 'rootfs:tidewaiter', '-o', 'cyclonedx', '--cache-dir', join(work, 'cache')];
    return execFileSync(process.execPath, args, { cwd: work, encoding: 'utf8' });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

import { mkdir, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';

const memory = '/dev/shm';
/** Suites that ran at the same time had up to 1.4 GiB of databases, images and logs. */
const neededBytes = 4 * 2 ** 30;
/** No run takes as long: what is older was left by one that was killed. */
const leftMs = 3 * 3_600_000;

/**
 * Jest's global setup: temporary files are kept in memory where it has room for them, unless
 * `TMPDIR` is set. A new PostgreSQL has 2,000 files and each of its databases another 300; to
 * create one took 0.6 ms of a processor on a disk, and 0.04 in memory.
 */
export default async function keepTemporaryFilesInMemory(): Promise<void> {
  if (env['TMPDIR'] !== undefined || !(await isFit())) return;
  const folder = join(memory, `tidewaiter-tests-${userInfo().uid}`);
  // PostgreSQL runs as another user when the tests run as root.
  await mkdir(folder, { recursive: true, mode: 0o711 });
  for (const name of await readdir(folder)) {
    // A run beside this one may remove it meanwhile.
    const found = await stat(join(folder, name)).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > leftMs)
      await rm(join(folder, name), { recursive: true, force: true });
  }
  env['TMPDIR'] = folder;
}

async function isFit(): Promise<boolean> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  if (!executableMemory(mounts)) return false;
  const { bavail, bsize } = await statfs(memory);
  return bavail * bsize >= neededBytes;
}

/** Whether `/dev/shm` is memory from which programs may be run, as suites do. */
export function executableMemory(mounts: string): boolean {
  const fields = mounts.split('\n').map((line) => line.split(' '));
  const [, , type, options] = fields.findLast(([, place]) => place === memory) ?? [];
  return type === 'tmpfs' && !options!.split(',').includes('noexec');
}

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';

const lockName = 'lock';

interface Holder {
  pid: number;
  /** Start of the process, as numbers of processes are used again. */
  started: string;
}

/**
 * Makes a folder and takes it for this process; returns its release.
 * @param variable environment variable that names the folder
 * @throws InvalidInput `SPOOL_IN_USE` when another process has the folder, `CONFIG_INVALID`
 * when it cannot be written
 */
export async function lockFolder(folder: string, variable: string): Promise<() => Promise<void>> {
  const lock = join(folder, lockName);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await take(lock, variable);
  } catch (cause) {
    if (cause instanceof InvalidInput) throw cause;
    const { code } = cause as { code?: unknown };
    throw new InvalidInput('CONFIG_INVALID', `${variable}: cannot write to the folder: ${String(code)}`, { cause });
  }
  return async () => rm(lock, { force: true });
}

async function take(path: string, variable: string): Promise<void> {
  const own: Holder = { pid: process.pid, started: await startOf(process.pid) };
  try {
    await writeFile(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    const holder = await holderOf(path);
    if (holder !== null && holder.pid !== own.pid && (await isRunning(holder))) {
      throw new InvalidInput('SPOOL_IN_USE', `${variable}: process ${holder.pid} uses this folder`);
    }
    await writeFile(path, JSON.stringify(own), { mode: 0o600 });
  }
}

async function holderOf(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process runs, too.
    if ((error as { code?: unknown }).code !== 'EPERM') return false;
  }
  return (await startOf(pid)) === started;
}

/** Start time of a process in ticks since the boot; empty where the system does not show it. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

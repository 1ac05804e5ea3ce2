/** A disk in memory whose size can be changed, for servers that are to meet a full one. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Size of the disk of the servers; NATS reserves its streams on it. */
const diskBytes = 6 * 2 ** 30;
/** Room that a full disk leaves for what is written while it is filled. */
const spareBytes = 64 * 1024;

/** Mounts the disk at a folder; false without the right to mount. */
export function mountDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=0711`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Takes the rest of the disk, or gives it back. */
export async function limitDisk(folder: string, isFull: boolean): Promise<void> {
  // The servers write between the two commands, and a disk cannot become smaller than its files.
  for (let tries = 0; ; tries += 1) {
    const used = Number(execFileSync('df', ['--block-size=1', '--output=used', folder]).toString().split('\n')[1]);
    try {
      execFileSync('mount', ['-o', `remount,size=${isFull ? used + tries * spareBytes : diskBytes}`, folder], {
        stdio: 'pipe',
      });
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(20);
    }
  }
}

export function unmountDisk(folder: string): void {
  execFileSync('umount', ['--lazy', folder]);
}

import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = 10_000;

/** The arguments of a living process; empty for a dead one, a zombie and a kernel thread. */
export async function commandLine(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').filter(Boolean);
}

/**
 * Start time of a living process in clock ticks since boot. Identifies the process together with
 * its pid, as pids are reused.
 * @see proc_pid_stat(5), field 22
 */
export async function startTicks(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name and may hold anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/**
 * Ends a process: SIGINT (PostgreSQL's fast shutdown), after ten seconds SIGKILL. `isIt` guards
 * against a reused pid.
 */
export async function terminate(pid: number, isIt: () => Promise<boolean>): Promise<void> {
  signalIfThere(pid, 'SIGINT');
  for (let waitedMs = 0; await isIt(); waitedMs += 20) {
    if (waitedMs >= graceMs) signalIfThere(pid, 'SIGKILL');
    await sleep(20);
  }
}

/**
 * Stops the server that a killed run left behind. The pid in the file counts only if that process
 * was started with `argument`, the path of our own data or configuration; else the file is stale
 * and is deleted.
 */
export async function stopLeftover(pidFile: string, argument: string): Promise<void> {
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  const isOurs = async (): Promise<boolean> => (await commandLine(pid)).includes(argument);
  if (await isOurs()) return terminate(pid, isOurs);
  // PostgreSQL itself evaluates the file of a dead pid, with the shared memory of backends that may
  // still run.
  if ((await startTicks(pid)) !== undefined) await rm(pidFile, { force: true });
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

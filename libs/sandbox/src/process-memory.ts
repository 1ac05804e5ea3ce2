import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Resident memory in bytes; undefined for a process that ended, and on systems without procfs. */
export function residentBytes(pid: number): number | undefined {
  return statusOf(pid, 'VmRSS');
}

/**
 * Limits what a process may allocate from now on. V8 reserves half a gigabyte of addresses for
 * code at its start, which count as well, so the limit can only be set once it has started. Does
 * nothing where the system has no `prlimit`.
 */
export function limitGrowth(pid: number, bytes: number): void {
  const now = statusOf(pid, 'VmData');
  if (now !== undefined) execFile('prlimit', [`--pid=${pid}`, `--data=${now + bytes}`], () => undefined);
}

function statusOf(pid: number, field: 'VmRSS' | 'VmData'): number | undefined {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

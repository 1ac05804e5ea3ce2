import { TidewaiterError } from '@tidewaiter/domain';

import { isDistributionLibrary } from './elf.js';
import { isExecutable } from './go-binary/executable.js';
import { zipEntries, type ZipEntry, type ZipLimits } from './zip.js';

const zipStart = 'PK\u0003\u0004';
const endOfDirectory = 'PK\u0005\u0006';
/** Bytes of the end of a directory with its longest comment. */
const maxEndBytes = 22 + 0xffff;

/**
 * Whether a file may be an application in a ZIP archive, under any name: Java and Python read such
 * an archive from its end, behind a script or a launcher.
 */
export function mayBeApplication(path: string, head: Uint8Array): boolean {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 4)).toString('latin1');
  return start === zipStart || start.startsWith('#!') || (isExecutable(head) && !isDistributionLibrary(path));
}

/** Entries of a jar and of an application of Python, by which their analyzers know them. */
const ofApplication = /^(?:META-INF\/MANIFEST\.MF|__main__\.py)$/i;

/** Whether an analyzer reads the packages of an archive at the end of another file. */
export function isReadArchive(entries: readonly ZipEntry[]): boolean {
  return entries.some(({ name }) => ofApplication.test(name));
}

/** Files of the archive at the end of a file; none unless there is one that can be read. */
export function attachedEntries(content: Buffer, limits: Partial<ZipLimits> = {}): ZipEntry[] {
  if (!content.subarray(-maxEndBytes).includes(endOfDirectory, 0, 'latin1')) return [];
  try {
    return zipEntries(content, limits);
  } catch (error) {
    // Programs that write archives have the same bytes in them.
    if (error instanceof TidewaiterError) return [];
    throw error;
  }
}

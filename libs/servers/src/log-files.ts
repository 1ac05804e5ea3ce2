import { constants } from 'node:fs';
import { appendFile, copyFile, type FileHandle, mkdir, open, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

const maxLogBytes = 20 * 1024 * 1024;
const lookEveryMs = 10_000;

/**
 * Opens an empty log for the output of a process. Appending, so that the process writes on at the
 * start after a rotation and not at its old position, behind a hole.
 */
export async function openLog(file: string): Promise<FileHandle> {
  await mkdir(dirname(file), { recursive: true });
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants;
  return open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600);
}

/** Called when a log could not be rotated; it is tried again. */
export type LogListener = (file: string, error: unknown) => void;

/** Rotation of logs until `stop`. */
export interface LogRotation {
  stop(): void;
}

/** Rotates logs of {@link openLog} that exceed a size, and keeps one old file of each, `NAME.1`. */
export function rotateLogs(
  files: readonly string[],
  failed: LogListener = () => undefined,
  { maxBytes = maxLogBytes, everyMs = lookEveryMs } = {},
): LogRotation {
  let isRunning = false;
  const look = async () => {
    if (isRunning) return;
    isRunning = true;
    for (const file of files) await rotateLog(file, maxBytes).catch((error: unknown) => failed(file, error));
    isRunning = false;
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/**
 * Copies a log and empties it: its writers hold it open and cannot be asked to open another one.
 * Lines between the last read and the truncation are lost, some microseconds.
 */
export async function rotateLog(file: string, maxBytes: number): Promise<boolean> {
  const size = (await stat(file).catch(() => undefined))?.size ?? 0;
  if (size <= maxBytes) return false;
  const old = `${file}.1`;
  await copyFile(file, old);
  await appendFile(old, await readFrom(file, (await stat(old)).size));
  await truncate(file);
  return true;
}

async function readFrom(file: string, start: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const size = Math.max(0, (await handle.stat()).size - start);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

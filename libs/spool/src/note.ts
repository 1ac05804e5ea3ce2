import { readFile, rename, writeFile } from 'node:fs/promises';

/** Replaces a file by a value. A crash may bring back an earlier one. */
export async function writeNote(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Value of a file; null if it is missing or damaged. */
export async function readNote(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

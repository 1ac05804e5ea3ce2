import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const keyBytes = 32;

/**
 * The key of a folder, under which the same secret has the same fingerprint; whoever sees fingerprints without it cannot guess
 * values. Where it cannot be kept, it lasts as long as this process.
 */
export async function fingerprintKey(folder: string): Promise<Buffer> {
  const path = join(folder, 'fingerprint.key');
  const known = await readKey(path);
  if (known) return known;
  const fresh = randomBytes(keyBytes);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(path, fresh, { flag: 'wx', mode: 0o600 });
  } catch {
    // Another scan may have been first.
    return (await readKey(path)) ?? fresh;
  }
  return fresh;
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const key = await readFile(path).catch(() => undefined);
  return key?.length === keyBytes ? key : undefined;
}

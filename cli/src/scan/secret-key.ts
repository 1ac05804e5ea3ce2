import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const keyBytes = 32;

/**
 * The key under which the same secret has the same fingerprint on this machine, and whoever sees a report cannot guess values
 * by their fingerprints. Where it cannot be kept, it lasts for this scan.
 */
export async function secretKey(cacheDir: string): Promise<Buffer> {
  const path = join(cacheDir, 'secret-fingerprints.key');
  const known = await readKey(path);
  if (known) return known;
  const fresh = randomBytes(keyBytes);
  try {
    await mkdir(cacheDir, { recursive: true, mode: 0o700 });
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

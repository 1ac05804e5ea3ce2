import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

import { environment } from './context.js';

const keyBytes = 32;

/**
 * The key of a folder, under which the same secret has the same fingerprint; whoever sees
 * fingerprints without it cannot guess values. Where it cannot be kept, it lasts as long as this
 * process.
 */
export async function fingerprintKey(folder: string): Promise<Buffer> {
  return keyIn(join(folder, 'fingerprint.key'));
}

/** The key of a folder that encrypts the secrets of managed entries. */
export async function entryKey(folder: string): Promise<Buffer> {
  return keyIn(join(folder, 'entry.key'));
}

/** Reads a key, or makes one where there is none. */
async function keyIn(path: string): Promise<Buffer> {
  const known = await readKey(path);
  if (known) return known;
  const fresh = randomBytes(keyBytes);
  const partial = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(partial, fresh, { mode: 0o600 });
    await link(partial, path);
  } catch {
    // Another process may have been first.
    return (await readKey(path)) ?? fresh;
  } finally {
    // A home of /dev/null, as of many system users, makes this fail as well.
    await rm(partial, { force: true }).catch(() => undefined);
  }
  return fresh;
}

/**
 * The key of this user's scans: that of an installation where `TIDEWAITER_FINGERPRINT_KEY` names
 * it, as a pipeline should, whose machines forget; else one of this user's own.
 * @throws InvalidInput `FINGERPRINT_KEY_SHORT`
 * @see https://specifications.freedesktop.org/basedir-spec/latest/#variables
 */
export async function scanKey(): Promise<Buffer> {
  const given = environment['TIDEWAITER_FINGERPRINT_KEY'];
  if (given) return (await import('@tidewaiter/secrets')).fingerprintKeyOf(given);
  return fingerprintKey(join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'tidewaiter'));
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const key = await readFile(path).catch(() => undefined);
  return key?.length === keyBytes ? key : undefined;
}

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';

import { environment } from './context.js';
import type { Server } from './server.js';

/**
 * Platforms at which this user has signed in by `login`: a file with the token of each, which only
 * this user can read, and the one that was signed in to last.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/#variables
 */
const folder = () => join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'tidewaiter', 'sign-ins');
const lastFile = () => join(folder(), 'last');

/** File with the token of a platform. */
export function savedTokenFile(server: string): string {
  return join(folder(), `${encodeURIComponent(new URL(server).href)}.token`);
}

/** Platform that was signed in to last; undefined without one. */
export async function lastServer(): Promise<string | undefined> {
  const text = await readFile(lastFile(), 'utf8').catch(() => '');
  return text.trim() || undefined;
}

export async function saveSignIn(server: string, token: string): Promise<void> {
  await mkdir(folder(), { recursive: true, mode: 0o700 });
  const file = savedTokenFile(server);
  // The mode counts for a new file only.
  await rm(file, { force: true });
  await writeFile(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  await writeFile(lastFile(), `${server}\n`, { mode: 0o600 });
}

export async function forgetSignIn(server: string): Promise<void> {
  await rm(savedTokenFile(server), { force: true });
  if ((await lastServer()) === server) await rm(lastFile(), { force: true });
}

/**
 * Platform and token file of a command: those of its flags, else those of `login`.
 * @throws InvalidInput `NOT_SIGNED_IN`
 */
export async function signedIn({
  server: given,
  tokenFile,
}: Partial<Pick<Server, 'server' | 'tokenFile'>>): Promise<Pick<Server, 'server' | 'tokenFile'>> {
  const server = given ?? (tokenFile === undefined ? await lastServer() : undefined);
  if (server === undefined) throw notSignedIn('give --server and --token-file');
  if (tokenFile !== undefined) return { server, tokenFile };
  const saved = savedTokenFile(server);
  if (await readFile(saved).then(Boolean, () => false)) return { server, tokenFile: saved };
  throw notSignedIn(`give --token-file for ${server}`);
}

function notSignedIn(otherwise: string): InvalidInput {
  const login = '`tidewaiter login` where `up` runs, or by `tidewaiter login --server URL`';
  return new InvalidInput('NOT_SIGNED_IN', `sign in by ${login}; or ${otherwise}`);
}

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Port range below the one from which Linux takes the ports of outgoing connections (32768 to
 * 60999).
 */
const range = { first: 20_000, last: 32_767 };
const maxTries = 100;
/** A server begins to listen, or to listen again after a fault, within this time. */
const reservedMs = 30 * 60_000;
const reservations = join(tmpdir(), `tidewaiter-ports-${userInfo().uid}`);

/**
 * Finds a port of 127.0.0.1 without a listener, outside the range from which outgoing connections
 * take theirs. No process of the same user finds it again within half an hour: its server may not
 * have started yet, or may be restarting.
 * @param folder of a file for each reserved port
 * @throws Error when a hundred random ports of the range are all in use
 */
export async function freePort(folder = reservations): Promise<number> {
  await mkdir(folder, { recursive: true });
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = randomInt(range.first, range.last + 1);
    if ((await reserve(join(folder, String(port)))) && (await isFree(port))) return port;
  }
  throw new Error(`no free port found between ${range.first} and ${range.last}`);
}

/** Several free ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

/** Makes the file of a port, which is atomic; false where another process has made it. */
async function reserve(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => null);
  if (stats !== null && Date.now() - stats.mtimeMs > reservedMs) await rm(file, { force: true });
  try {
    await writeFile(file, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  await server[Symbol.asyncDispose]();
  return true;
}
